"""The texts that displays show of a log row: masked, not yet drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pfnb.display.units import human_size
from pfnb.language.masking import MASK, Mask, hides, is_secret_header
from pfnb.language.media_types import media_type
from pfnb.rows.error import ErrorRow
from pfnb.rows.event import EventRow

_WORST_FIRST = ("dead", "failed", "running", "pending", "succeeded")
_NAME_LENGTH = 160
_VALUE_LENGTH = 1_000


def header_pairs(headers: Mapping[str, str], mask: Mask) -> Iterator[tuple[str, str]]:
    """Header names and values, sorted by name; secret values are hidden."""
    for name, value in sorted(headers.items()):
        secret = is_secret_header(name) and value
        yield short(name, mask), MASK if secret else mask.head(value, _VALUE_LENGTH)


def query_pairs(query: Mapping[str, Sequence[str]], mask: Mask) -> Iterator[tuple[str, str]]:
    """Parameter names and values in the order received; secret values are hidden."""
    for name, values in query.items():
        for value in values:
            yield short(name, mask), MASK if hides(name, value) else mask.head(value, _VALUE_LENGTH)


def path_pairs(entry: EventRow, mask: Mask) -> Iterator[tuple[str, str]]:
    """The same for the parameters in its webhook's path."""
    return query_pairs({name: [value] for name, value in entry.get("path", {}).items()}, mask)


def delivery_state(entry: EventRow) -> tuple[str, str]:
    """The state of an event in a few words, and the status that decides its colour: the worst among its deliveries."""
    counts = Counter(delivery["status"] for delivery in entry["deliveries"])
    if not counts:
        return entry["status"], "none"
    ordered = sorted(counts, key=_WORST_FIRST.index)
    if counts.total() == 1:
        return ordered[0], ordered[0]
    return ", ".join(f"{counts[word]:,} {word}" for word in ordered), ordered[0]


def delivery_error(error: ErrorRow | None) -> str:
    """An error in one line."""
    if error is None:
        return ""
    named = filter(None, (error.get("errorType"), error["statusMessage"]))
    places = (("line", error.get("line")), ("column", error.get("column")), ("step", error.get("step")))
    where = [f"{name} {number}" for name, number in places if number is not None]
    return ": ".join(named) + (f" ({', '.join(where)})" if where else "")


def ids(entry: EventRow) -> list[tuple[str, str]]:
    """The ids that name an event elsewhere, each with its title."""
    named = [("id", entry["id"]), ("trace", entry["traceId"]), ("correlation", entry["correlationId"])]
    return [*named, ("same delivery id as", entry["conflict"])] if "conflict" in entry else named


def facts(entry: EventRow, mask: Mask) -> tuple[str, str, str]:
    """Method, content type and size."""
    content_type = short(media_type(entry["contentType"]) or "no content type", mask)
    return short(entry["method"], mask), content_type, human_size(entry["contentLength"])


def short(value: Any, mask: Mask, length: int = _NAME_LENGTH) -> str:
    """A name or another short text of the entry, masked and cut."""
    text = str(value)
    shown = mask.head(text, length)
    return shown if len(text) <= length else shown + "…"
