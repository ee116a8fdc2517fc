"""Bytes in the usual form of a hex dump."""

from __future__ import annotations

from collections.abc import Iterator

_WIDTH = 16


def hexdump(data: bytes) -> str:
    """Lines of offset, 16 bytes in hex, and the same in ASCII (`.` for what is not printable)."""
    return "\n".join(_lines(data))


def _lines(data: bytes) -> Iterator[str]:
    for offset in range(0, len(data), _WIDTH):
        row = data[offset : offset + _WIDTH]
        shown = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)
        yield f"{offset:04x}  {row[:8].hex(' '):<23}  {row[8:].hex(' '):<23}  {shown}"
