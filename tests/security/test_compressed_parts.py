"""A compressed body may have many parts, one after the other: each costs time, however short it is."""

from __future__ import annotations

import gzip
import time
import zlib

import pytest
import zstandard

from pfnb.exceptions import ContentEncodingError
from pfnb.language.encodings import decoded

PARTS = {
    "gzip": gzip.compress(b""),
    "deflate": b"\x03\x00",
    "zlib": zlib.compress(b""),
    "zstd": zstandard.ZstdCompressor(write_content_size=False).compress(b""),
    "skipped": b"\x50\x2a\x4d\x18\0\0\0\0",
}
CODINGS = {"zlib": "deflate", "skipped": "zstd"}


@pytest.mark.parametrize("kind", PARTS)
def test_a_million_compressed_parts_are_given_up_at_once(kind: str) -> None:
    body = PARTS[kind] * 1_000_000
    began = time.process_time()
    with pytest.raises(ContentEncodingError, match="compressed parts"):
        decoded(body, (CODINGS.get(kind, kind),))
    assert time.process_time() - began < 1


def test_a_thousand_compressed_parts_are_read_as_one_body() -> None:
    assert decoded(gzip.compress(b"line\n") * 1_000, ("gzip",)) == b"line\n" * 1_000
    assert decoded(zstandard.compress(b"line\n") * 1_000, ("zstd",)) == b"line\n" * 1_000
