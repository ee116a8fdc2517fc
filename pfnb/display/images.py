"""Decides which files may be shown as pictures: four formats, recognized by their bytes, never by what the sender calls them."""

from __future__ import annotations

import base64
import struct
from dataclasses import dataclass

PREVIEW_BYTES = 1024 * 1024
"""The largest file, in bytes, that is previewed in an output: outputs are saved with the notebook."""
PREVIEW_PIXELS = 40_000_000
"""The most pixels of a picture: a small file can decompress to gigabytes in the reader's browser."""


@dataclass(frozen=True)
class Image:
    """A picture that may be previewed; `media_type` is derived from its bytes."""

    media_type: str
    width: int
    height: int
    data: bytes

    @property
    def data_uri(self) -> str:
        return f"data:{self.media_type};base64,{base64.b64encode(self.data).decode()}"


def read_image(data: bytes, largest: int = PREVIEW_BYTES) -> Image | None:
    """The picture in `data`, or None if it is not a PNG, JPEG, GIF or WebP of a size that may be shown."""
    if len(data) > largest:
        return None
    try:
        found = _png(data) or _gif(data) or _jpeg(data) or _webp(data)
    except (struct.error, IndexError):  # cut off within its header
        return None
    if found is None:
        return None
    media_type, width, height = found
    return Image(media_type, width, height, data) if 0 < width * height <= PREVIEW_PIXELS else None


def _png(data: bytes) -> tuple[str, int, int] | None:
    if not data.startswith(b"\x89PNG\r\n\x1a\n") or data[12:16] != b"IHDR":
        return None
    return "image/png", *struct.unpack_from(">II", data, 16)


def _gif(data: bytes) -> tuple[str, int, int] | None:
    if not data.startswith((b"GIF87a", b"GIF89a")):
        return None
    return "image/gif", *struct.unpack_from("<HH", data, 6)


def _jpeg(data: bytes) -> tuple[str, int, int] | None:
    """JPEG keeps its size in the first start-of-frame segment (ITU T.81, B.2.2)."""
    if not data.startswith(b"\xff\xd8\xff"):
        return None
    position = 2
    while data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xFF:  # a fill byte
            position += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, position + 5)
            return "image/jpeg", width, height
        position += 2 + struct.unpack_from(">H", data, position + 2)[0]
    return None


def _webp(data: bytes) -> tuple[str, int, int] | None:
    """The three kinds of WebP (RFC 9649) each store the size differently."""
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        return None
    if data[12:16] == b"VP8X":
        return "image/webp", 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if data[12:16] == b"VP8L" and data[20] == 0x2F:
        bits = struct.unpack_from("<I", data, 21)[0]
        return "image/webp", 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if data[12:16] == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", data, 26)
        return "image/webp", width & 0x3FFF, height & 0x3FFF
    return None
