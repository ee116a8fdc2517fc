"""The files of an event: a table, and previews of those that are pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pfnb.display.block import NOTHING, Budget, code, element, joined, more, part, table, words
from pfnb.display.entry import short
from pfnb.display.images import Image, read_image
from pfnb.display.units import UNKNOWN, human_count, human_size
from pfnb.display.visible import Html
from pfnb.language.masking import Mask
from pfnb.rows.event import EventRow, FileRow

FILES = 100
"""The most rows of the table."""
_PREVIEWS = 4 * 1024 * 1024
"""The most bytes of all previews of one event together."""


def files_part(entry: EventRow, previews: Mapping[int, bytes], mask: Mask, size: int) -> Html:
    """The fold of an event's files, or nothing if it has none; `size` limits the HTML, not counting pictures."""
    files = entry["files"]
    if not files:
        return NOTHING
    budget = Budget(size)
    drawn = table(
        ("Field", "Name", "Type", "Size", "SHA-256"),
        (_row(file, mask) for file in files[:FILES]),
        total=len(files),
        budget=budget,
        ends=(3,),
    )
    whole = sum(file["size"] for file in files)
    note = f"{human_count(len(files), 'file')}, {human_size(whole)}"
    return part("Files", Html(drawn + _gallery(files, previews, mask, budget)), note=note, is_open=True)


def _row(file: FileRow, mask: Mask) -> Sequence[Html]:
    field, name, media_type = (
        code(short(text or UNKNOWN, mask, length))
        for text, length in ((file["field"], 80), (file["filename"], 160), (file["contentType"], 80))
    )
    return field, name, media_type, words(human_size(file["size"])), code(file["sha256"], "sum")


def _gallery(files: Sequence[FileRow], previews: Mapping[int, bytes], mask: Mask, budget: Budget) -> Html:
    figures, left_out, left = [], 0, _PREVIEWS
    for index, image in _images(len(files), previews):
        name = code(short(files[index]["filename"] or UNKNOWN, mask, 60))
        caption = element("figcaption", joined([name, words(f"{image.width} × {image.height}")]))
        if len(image.data) > left or not budget.spend(caption):
            left_out += 1
            continue
        left -= len(image.data)
        # The only attribute with data of the sender: base64, behind a media type of ours.
        figures.append(element("figure", Html(f'<img alt="preview" src="{image.data_uri}">'), caption))
    return Html(element("div", *figures, names="pfnb-gallery") + more(left_out)) if figures or left_out else NOTHING


def _images(count: int, previews: Mapping[int, bytes]) -> Iterator[tuple[int, Image]]:
    for index in sorted(previews):
        image = read_image(previews[index]) if 0 <= index < count else None
        if image is not None:
            yield index, image
