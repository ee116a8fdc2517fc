"""Compressed bodies: read as what they were, bounded, and with a clear word where that cannot be."""

from __future__ import annotations

import gzip
import sys
import tracemalloc
import zlib

import brotli
import pytest
import zstandard

from pfnb.exceptions import ContentEncodingError, MissingPackageError, PayloadTooLargeError
from pfnb.language.encodings import MOST, codings, decoded, decoded_pieces

DATA = b'{"content": "test"}' * 20_000


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


PACKED = {
    "gzip": gzip.compress(DATA),
    "x-gzip": gzip.compress(DATA[:9]) + gzip.compress(DATA[9:]),
    "deflate": zlib.compress(DATA),
    "Deflate": raw_deflate(DATA),
    "br": brotli.compress(DATA, quality=3),
    "zstd": zstandard.compress(DATA),
    "identity, gzip": gzip.compress(DATA),
    "br, gzip": gzip.compress(brotli.compress(DATA, quality=3)),
    "identity": DATA,
    "UTF-8": DATA,
    "none": DATA,
    "": DATA,
}


def unpacked(data: bytes, header: str) -> bytes:
    return decoded(data, codings({"content-encoding": header} if header else {}))


@pytest.mark.parametrize("header", PACKED)
def test_a_compressed_body_is_read_as_it_was(header):
    assert unpacked(PACKED[header], header) == DATA


BOMB = bytes(4 * MOST)


@pytest.mark.parametrize(
    ("coding", "bomb"),
    [
        ("gzip", gzip.compress(BOMB, 1)),
        ("deflate", zlib.compress(BOMB, 1)),
        ("br", brotli.compress(BOMB, quality=1)),
        ("zstd", zstandard.compress(BOMB)),
    ],
)
def test_a_bomb_is_an_error_and_not_memory(coding, bomb):
    tracemalloc.start()
    try:
        with pytest.raises(PayloadTooLargeError, match=f"longer than {MOST} bytes once {coding} is decoded"):
            for _ in decoded_pieces((bomb,), (coding,)):
                pass
        assert tracemalloc.get_traced_memory()[1] < 1024 * 1024
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
@pytest.mark.parametrize("data", [b"hello", PACKED["gzip"][:-30], b"\xff" * 200])
def test_what_is_not_in_its_encoding_is_an_error(coding, data):
    with pytest.raises(ContentEncodingError):
        decoded(data, (coding,))


@pytest.mark.parametrize(
    ("names", "words"), [(("compress",), "is unknown: use"), (("gzip",) * 4, "at most 3 encodings")]
)
def test_other_encodings_are_refused(names, words):
    with pytest.raises(ContentEncodingError, match=words):
        decoded(b"x", names)


@pytest.mark.parametrize(("coding", "package"), [("br", "brotli"), ("zstd", "zstandard")])
def test_a_missing_library_is_named(coding, package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingPackageError, match=rf"{package}: pip install 'pfnb\[encodings\]'"):
        decoded(b"x", (coding,))
