"""What can be seen of a file: what it is its bytes say, and nothing of it acts."""

from __future__ import annotations

from pathlib import Path

import pytest

from pfnb.display.images import read_image
from pfnb.exceptions import MissingPackageError, PreviewError
from pfnb.kernel.widgets import pdf
from pfnb.kernel.widgets.branches import page
from pfnb.kernel.widgets.previews import preview
from pfnb.language.masking import MASK, Mask

SAMPLES = Path(__file__).parents[3] / "notebooks" / "samples"


async def seen(data: bytes, name: str = "file", content_type: str = "application/octet-stream"):
    async def read(offset: int, size: int) -> bytes:
        return data[offset : offset + size]

    return await preview(read, len(data), name, content_type, Mask())


async def test_a_picture_is_known_by_its_bytes_whatever_it_is_called():
    found = await seen((SAMPLES / "birdhouse.png").read_bytes(), "virus.exe", "text/html")
    assert found.shown["kind"] == "picture"
    assert found.shown["type"] == "image/png"
    assert found.picture == (SAMPLES / "birdhouse.png").read_bytes()


async def test_what_only_calls_itself_a_picture_is_shown_as_text():
    svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
    found = await seen(svg, "logo.png", "image/png")
    assert found.shown["kind"] == "text"
    assert found.picture == b""


async def test_the_first_page_of_a_pdf_is_drawn():
    found = await seen((SAMPLES / "quote.pdf").read_bytes(), "quote.pdf")
    assert found.shown["note"].startswith("first page")
    assert read_image(found.picture).width == 900


async def test_a_damaged_pdf_says_so():
    with pytest.raises(PreviewError, match="damaged"):
        await seen(b"%PDF-1.7 nothing of it is true")


async def test_without_the_extra_a_pdf_says_what_to_install(monkeypatch):
    monkeypatch.setattr(pdf, "find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match=r"pip install 'pfnb\[previews\]'"):
        await seen((SAMPLES / "quote.pdf").read_bytes())


async def test_csv_is_a_table_with_whatever_delimiter():
    commas = await seen((SAMPLES / "parts.csv").read_bytes(), "parts.csv", "text/csv")
    assert commas.shown["kind"] == "table"
    assert commas.shown["heads"] == ["part", "wood", "pieces", "price"]
    semicolons = await seen("name;town\nAda;São Paulo\n".encode(), "x.csv", "text/csv")
    assert semicolons.shown["rows"] == [["Ada", "São Paulo"]]


async def test_a_column_of_secrets_is_hidden():
    found = await seen(b"user,password\nada,hunter2\n", "users.csv", "text/csv")
    assert found.shown["rows"] == [["ada", MASK]]


async def test_a_long_csv_shows_its_beginning_and_says_so():
    found = await seen(b"a,b\n" + b"1,2\n" * 90_000, "long.csv", "text/csv")
    assert len(found.shown["rows"]) == 200
    assert "the first 200 shown" in found.shown["note"]
    assert "of 360.0 kB" in found.shown["note"] or "of 360 kB" in found.shown["note"]


async def test_json_unfolds_also_when_it_is_long():
    found = await seen(b'{"rows": [' + b'{"n": 1},' * 30_000 + b'{"n": 2}]}', "data.json", "application/json")
    assert found.shown["kind"] == "tree"
    assert page(found.tree, [0], 30_000)["rows"][0]["key"] == "30000"


async def test_text_is_text_and_its_secrets_are_hidden():
    found = await seen(b"<script>alert(1)</script>\npassword: hunter2\n", "x.html", "text/html")
    assert found.shown["kind"] == "text"
    assert "<script>alert(1)</script>" in found.shown["text"]
    assert "hunter2" not in found.shown["text"]


async def test_other_bytes_are_shown_as_such():
    found = await seen(bytes(range(256)) * 10)
    assert found.shown["kind"] == "bytes"
    assert found.shown["text"].startswith("0000  00 01 02")


async def test_an_empty_file_says_so():
    with pytest.raises(PreviewError, match="empty"):
        await seen(b"")


async def test_a_small_file_that_unfolds_to_gigabytes_is_not_shown():
    bomb = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (60_000).to_bytes(4, "big") * 2 + b"\x08\x06\x00\x00\x00"
    assert (await seen(bomb)).shown["kind"] == "bytes"
