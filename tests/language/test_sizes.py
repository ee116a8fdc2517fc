"""Sizes are read as people write them, and written so that they can be read again."""

from __future__ import annotations

import pytest

from pfnb.exceptions import ParameterError
from pfnb.language.sizes import size_of, size_text


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("25MB", 26_214_400),
        ("25 mb", 26_214_400),
        ("25MiB", 26_214_400),
        ("512kB", 524_288),
        ("1.5MB", 1_572_864),
        ("1GB", 1_073_741_824),
        ("26214400", 26_214_400),
        ("512000B", 512_000),
        (512_000, 512_000),
    ],
)
def test_a_size_is_read_as_people_write_it(written: object, size: int) -> None:
    assert size_of(written, "max_payload") == size


@pytest.mark.parametrize(
    "written", ["", "many", "25M", "MB", "-1", "0", "0.0001kB", "²MB", "2000GB", -5, True, 1.5, None]
)
def test_what_is_not_a_size_is_refused_with_the_setting_and_examples(written: object) -> None:
    with pytest.raises(ParameterError, match=r"^max_payload must be a size .*25MB, 512kB or 26214400 .*, not "):
        size_of(written, "max_payload")


@pytest.mark.parametrize(
    ("size", "text"), [(26_214_400, "25MB"), (524_288, "512kB"), (512_001, "512,001 bytes"), (1, "1 byte")]
)
def test_a_size_is_written_in_the_largest_unit_that_says_it_exactly(size: int, text: str) -> None:
    assert size_text(size) == text
