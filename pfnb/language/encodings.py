"""Decodes compressed bodies (`Content-Encoding`), with a limit on the decoded size, whatever the sender sends."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any

from pfnb.exceptions import ContentEncodingError, MissingPackageError, PayloadTooLargeError
from pfnb.language.charset import known_charset

MOST = 25 * 1024 * 1024
"""Maximum bytes of a decoded body; more is an error."""
_AS_IT_IS = ("", "identity", "none", "plain", "text", "7bit", "8bit", "binary")
"""Values that some senders use, besides a charset, for a body that is not encoded."""
_PIECE = 64 * 1024
_CODINGS = 3
"""Maximum number of stacked encodings; nobody sends more."""
_MEMBERS = 10_000
"""Maximum number of concatenated compressed parts: each costs time, and may be as short as two bytes."""
_ZSTD_MARKS = (b"\x28\xb5\x2f\xfd", b"\x2a\x4d\x18")
"""The magic number of zstd frames, and the last three bytes of that of skippable frames."""
_WINDOW = 8 * 1024 * 1024
"""The largest window that RFC 9659 allows for zstd."""


def codings(headers: Mapping[str, str]) -> tuple[str, ...]:
    """The encodings that a request's headers (lower-case names) name, in the sequence in which they were applied."""
    named = headers.get("content-encoding")
    if not named:
        return ()
    words = (word.strip().lower() for word in named.split(","))
    return tuple(word.removeprefix("x-") for word in words if word not in _AS_IT_IS and known_charset(word) is None)


def decoded(data: bytes, names: tuple[str, ...]) -> bytes:
    """Decode `data`; without `names` it is returned as it is. Raises PayloadTooLargeError beyond MOST bytes,
    ContentEncodingError for data that is not in this encoding, MissingPackageError if the library for it is not installed."""
    return b"".join(decoded_pieces((data,), names)) if names else data


def decoded_pieces(chunks: Iterable[bytes], names: tuple[str, ...]) -> Iterator[bytes]:
    """The same piece by piece; only one piece is in memory."""
    if len(names) > _CODINGS:
        raise ContentEncodingError(f"a body may have at most {_CODINGS} encodings")
    chunks = _small(chunks)
    for name in reversed(names):
        reader = _READERS.get(name)
        if reader is None:
            raise ContentEncodingError(f"the Content-Encoding {name[:40]!r} is unknown: use gzip, deflate, br or zstd")
        chunks = _bounded(reader(chunks), name)
    yield from chunks


def _small(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Split chunks into small ones, since the rest of a chunk is copied again and again."""
    for chunk in chunks:
        yield from (chunk[at : at + _PIECE] for at in range(0, len(chunk), _PIECE))


def _bounded(pieces: Iterable[bytes], name: str) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > MOST:
            raise PayloadTooLargeError(f"the body is longer than {MOST} bytes once {name} is decoded")
        yield piece


def _gzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    return _zlib(chunks, lambda _first: zlib.MAX_WBITS | 16)


def _deflate(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """With the zlib header that RFC 9110 requires, or without, as some senders do."""
    return _zlib(chunks, lambda first: zlib.MAX_WBITS if first & 0x0F == 8 else -zlib.MAX_WBITS)


def _zlib(chunks: Iterable[bytes], window: Callable[[int], int]) -> Iterator[bytes]:
    reader, members = None, 0
    for chunk in chunks:
        rest = chunk
        while rest:
            if reader is None or reader.eof:
                members = _one_more(members)
                reader = zlib.decompressobj(window(rest[0]))
            try:
                piece = reader.decompress(rest, _PIECE)
            except zlib.error as error:
                raise ContentEncodingError(f"the body does not match its Content-Encoding: {error}") from None
            if piece:
                yield piece
            rest = reader.unused_data if reader.eof else reader.unconsumed_tail
    if reader is None or not reader.eof:
        raise ContentEncodingError("the compressed body is incomplete")


def _one_more(members: int, more: int = 1) -> int:
    if members + more > _MEMBERS:
        raise ContentEncodingError(f"the body has more than {_MEMBERS} compressed parts: send it compressed as a whole")
    return members + more


def _brotli(chunks: Iterable[bytes]) -> Iterator[bytes]:
    library = _library("brotli", "br")
    reader = library.Decompressor()
    try:
        for chunk in chunks:
            rest = chunk
            while piece := reader.process(rest, output_buffer_limit=_PIECE):
                yield piece
                rest = b""
    except library.error as error:
        raise ContentEncodingError(f"the body does not match its Content-Encoding: {error}") from None
    if not reader.is_finished():
        raise ContentEncodingError("the compressed body is incomplete")


def _zstd(chunks: Iterable[bytes]) -> Iterator[bytes]:
    library = _library("zstandard", "zstd")
    source = _Source(chunks)
    reader = library.ZstdDecompressor(max_window_size=_WINDOW).stream_reader(source, read_across_frames=True)
    try:
        while piece := reader.read(_PIECE):
            yield piece
    except library.ZstdError as error:
        raise ContentEncodingError(f"the body does not match its Content-Encoding: {error}") from None


class _Source:
    """Chunks of zstd as a file, for a library that reads files and does not count frames."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._frames = 0

    def read(self, _size: int) -> bytes:
        chunk = next(self._chunks, b"")
        self._frames = _one_more(self._frames, sum(map(chunk.count, _ZSTD_MARKS)))
        return chunk


def _library(package: str, coding: str) -> Any:
    try:
        return import_module(package)
    except ImportError:
        raise MissingPackageError(
            f"bodies in the Content-Encoding {coding} need the package {package}: pip install 'pfnb[encodings]'"
        ) from None


_READERS: dict[str, Callable[[Iterable[bytes]], Iterator[bytes]]] = {
    "gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
