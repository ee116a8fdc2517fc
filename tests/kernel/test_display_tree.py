"""What a payload becomes before it is drawn: read, bounded, masked; and which files are pictures."""

import json
import struct

import pytest

from pfnb.display.images import PREVIEW_BYTES, read_image
from pfnb.display.outline import outline_html, outline_text
from pfnb.display.payload import parse_json, read_payload
from pfnb.display.tree import Limits, build_tree
from pfnb.display.units import UNKNOWN, human_size, utc_time
from pfnb.display.visible import clip_columns, columns, markup, visible
from pfnb.language.masking import MASK, Mask
from tests.live.rows import event_row, listed_row


def row(body, content_type="", **more):
    return event_row(body, content_type, **more)


def tree(value, **limits):
    return build_tree(value, Mask(), Limits(**limits))


def lines(value, **limits):
    return [line.strip() for line in outline_text(tree(value, **limits))]


@pytest.mark.parametrize(
    ("entry", "kind", "note"),
    [
        (row(b'{"a": 1}', "application/json"), "json", None),
        (row(b' [1, NaN, -Infinity, 1e999]', "application/json"), "json", None),
        (row(b'{"a": 1}', "application/vnd.api+json; charset=utf-8"), "json", None),
        (row(b'{"a": 1}'), "json", None),
        (row(b"\xef\xbb\xbf[1]", "application/json"), "json", None),
        (row('["ä"]'.encode("utf-16"), "application/json"), "json", None),
        (row(b'{"a": ', "application/json"), "text", "not valid JSON"),
        (row(b"[" * 50_000 + b"]" * 50_000, "application/json"), "text", "JSON, nested too deeply to fold"),
        (row(b"<a/>", "application/xml"), "text", None),
        (row("Grüße".encode("latin-1"), "text/plain; charset=ISO-8859-1"), "text", None),
        (row(b"a\x00b", "text/plain"), "text", None),
        (row(b"a\x00b"), "binary", None),
        (row(b"\xff\xfa\x00", "application/json"), "binary", None),
        (row(b"a", "text/plain; charset=zip"), "text", None),
        (row(b""), "nothing", "no body"),
        (listed_row(1, contentLength=5), "nothing", "the body was not loaded"),
        (listed_row(1), "nothing", "no body"),
        (listed_row(1, body="a"), "nothing", "the body is not valid base64"),
        (row(b"--x", "multipart/form-data", fields={"a": ["1"]}), "fields", None),
        (row(b"--x", "multipart/form-data"), "nothing", "no fields"),
    ],
)  # fmt: skip
def test_a_body_is_read_for_what_it_is(entry, kind, note):
    payload = read_payload(entry)
    assert (payload.kind, payload.note) == (kind, note)


def test_a_body_over_the_limit_is_not_parsed_and_says_so():
    payload = read_payload(row(json.dumps(["ä" * 50_000]).encode(), "application/json"), parsed=1000)
    assert payload.kind == "text"
    assert "beginning" in payload.note


def test_numbers_are_shown_as_they_were_written():
    digits = "9" * 5000
    shown = lines(parse_json(f'{{"price": 1.10, "huge": 1e999, "nan": NaN, "long": {digits}}}'))
    assert shown[:3] == ["price  1.10", "huge   1e999", "nan    NaN"]
    assert shown[3].startswith("long   9999")


def test_a_field_is_one_text_or_a_list_and_json_in_it_unfolds():
    fields = {"one": ["1"], "two": ["1", "2"], "payload": ['{"token": "abc", "n": 5}'], "broken": ["{"]}
    shown = lines(read_payload(row(b"", fields=fields)).value)
    assert shown == [
        'one      "1"',
        "two      2 items",
        '0  "1"',
        '1  "2"',
        "payload  JSON in a text, 2 fields: token, n",
        f"token  {MASK}",
        "n      5",
        'broken   "{"',
    ]


def test_a_huge_list_leaves_room_for_its_neighbours():
    root = tree({"rows": list(range(100_000)), "after": "here"}, nodes=50)
    assert [child.key for child in root.children] == ["rows", "after"]
    assert root.count() <= 50
    assert root.children[0].more == 100_000 - len(root.children[0].children)
    assert "more" in outline_html(root, rows=1000)


def test_depth_is_bounded_and_costs_no_stack():
    value: list = []
    for _ in range(50_000):
        value = [value]
    root = tree(value, depth=20)
    assert root.count() == 21
    assert "1 more" in outline_html(root)


def test_texts_are_cut_and_say_how_much_is_missing():
    assert "… 3,000 more characters" in outline_html(tree({"a": "x" * 5_000}, text=2_000))


@pytest.mark.parametrize("text", ["&'\"<" * 3_000, "a\x00" * 3_000, "€" * 9_000, "\x00" * 9_000])
def test_the_html_stays_within_its_size_however_the_text_swells(text):
    html = outline_html(tree({str(index): text for index in range(400)}, size=50_000))
    assert len(html.encode()) < 60_000


def test_everything_below_a_secret_name_is_hidden():
    value = {"secret": {"a": "s1", "b": ["s2", 7], "c": None}, "list": [{"name": "X-Api-Key", "value": "s3", "id": 1}]}
    html = outline_html(tree(value), rows=100)
    assert not any(secret in html for secret in ("s1", "s2", ">7<", "s3"))
    assert html.count(MASK) == 4


def test_what_cannot_be_seen_is_marked():
    text = "a\x00\x1b[31m\u202eb\u2066\ufeff\x9b\ud800\u2028\U000e0041"
    assert visible(text) == "a␀␛[31m⟨U+202E⟩b⟨U+2066⟩⟨U+FEFF⟩⟨U+009B⟩⟨U+D800⟩⟨U+2028⟩⟨U+E0041⟩"
    assert markup("<\x00\x01>") == '&lt;<span class="pfnb-mark">␀␁</span>&gt;'
    assert visible("a\tb\r\nc") == "a\tb\nc"
    assert visible("a\tb\r\nc", one_line=True) == "a␉b␊c"
    assert visible("👩\u200d👧 می\u200cخواهم") == "👩\u200d👧 می\u200cخواهم"


def test_wide_characters_are_measured():
    assert columns("日本e\u0301") == 5
    assert clip_columns("日本語テキスト", 7) == "日本語…"
    assert clip_columns("short", 5) == "short"


def test_text_lines_are_bounded():
    shown = outline_text(tree({f"k{index}": "v" * 500 for index in range(300)}), rows=40, width=80)
    assert len(shown) == 40
    assert all(columns(line) <= 80 for line in shown)


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1234, "1.2 kB"),
        (512_000, "512 kB"),
        (4_194_304, "4.2 MB"),
        (None, UNKNOWN),
        (-1, UNKNOWN),
    ],
)
def test_sizes_are_for_people(size, shown):
    assert human_size(size) == shown


@pytest.mark.parametrize("created", [None, "soon", 10**30, float("nan"), True])
def test_a_time_that_is_none_is_a_dash(created):
    assert utc_time(created) == UNKNOWN


def test_times_are_utc():
    assert utc_time(1682349730659, exact=True) == "2023-04-24T15:22:10.659Z"


def png(width, height):
    return b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", width, height) + b"\x08\x02\x00\x00\x00"


JPEG = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xff\xc2\x00\x0b\x08" + struct.pack(">HH", 30, 40) + b"\x03"


@pytest.mark.parametrize(
    ("data", "media_type", "size"),
    [
        (png(40, 30), "image/png", (40, 30)),
        (JPEG, "image/jpeg", (40, 30)),
        (b"GIF89a" + struct.pack("<HH", 40, 30), "image/gif", (40, 30)),
        (b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + b"\x27\0\0\x1d\0\0", "image/webp", (40, 30)),
        (b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f" + struct.pack("<I", 39 | 29 << 14), "image/webp", (40, 30)),
        (b"RIFF\0\0\0\0WEBPVP8 " + bytes(7) + b"\x9d\x01\x2a" + struct.pack("<HH", 40, 30), "image/webp", (40, 30)),
    ],
)
def test_four_kinds_of_pictures_are_known_by_their_bytes(data, media_type, size):
    image = read_image(data)
    assert (image.media_type, (image.width, image.height)) == (media_type, size)
    assert image.data_uri.startswith(f"data:{media_type};base64,")


@pytest.mark.parametrize(
    "data",
    [
        b"<svg onload=alert(1)>", b"<html>", b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"\xff\xd8\xff\xd8", b"GIF89a",
        png(0, 5), png(60_000, 60_000), JPEG[:12], b"RIFF\0\0\0\0WEBPVP8L", png(9, 9) + bytes(PREVIEW_BYTES),
    ],
)  # fmt: skip
def test_other_files_cut_headers_and_what_unfolds_too_far_are_no_pictures(data):
    assert read_image(data) is None
