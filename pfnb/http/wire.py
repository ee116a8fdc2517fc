"""Frames of the session protocol: four bytes of header length, the header as JSON, then raw bytes."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Sequence
from json.encoder import encode_basestring_ascii
from typing import Any

from pfnb.exceptions import RequestError, RunLimitError
from pfnb.hub.receiving.body_json import parse_json
from pfnb.language.extent import is_long, written

_LENGTH = struct.Struct("!I")
_ENCODE = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode
PROTOCOL = 1
KERNEL_HEADER = "X-Pfnb-Kernel"
"""The header that names the kernel whose token is in Authorization, where a server gives each kernel a token."""
HUB_VARIABLE = "PFNB_HUB"
"""The environment variable in which a server gives a kernel its hub: JSON with url, kernel_id and token."""
AS_USER = "as_user"
"""The argument of a call that names the user it is for, if not the session's."""
RUN = "run"
"""The argument of a worker's call that names the caller's run that makes it."""
OWNER = "owner"
"""The argument of a worker's call that names the owner of the pipeline that makes it."""
BUNDLE = "bundle"
"""The type of a message that holds several frames, one after the other; `sizes` are their lengths. Only hubs send it, and only to
clients whose hello has `ahead`."""
MAX_FRAME = 96 * 1024 * 1024
"""The most bytes of a frame. Tornado buffers 100 MiB of an arriving message: a longer one would break the connection, and again
each time it is resent."""
LARGE_FRAME = 65_536
"""Longer frames are encoded and decoded in a thread."""
_LONGEST_ESCAPE = 12
"""The most bytes that JSON takes for one character."""
_PIECE = 65_536


def pack(head: dict[str, Any], body: bytes = b"") -> bytes:
    """One frame. RunLimitError, before encoding, if it is longer than MAX_FRAME; ParameterError for a header nested too deeply to
    be parsed. Values that JSON does not have (NaN, bytes, sets, dates) raise ValueError or TypeError."""
    size = written(head) + len(body)
    if size <= MAX_FRAME < _LONGEST_ESCAPE * size:
        size = written(head, length=_escaped) + len(body)
    if size > MAX_FRAME:
        raise RunLimitError(
            f"this has {size / 1024**2:,.0f} MiB as a message between hub and kernel, and {MAX_FRAME // 1024**2} MiB is the most"
        )
    return _frame(head, body)


async def packed(head: dict[str, Any], body: bytes = b"") -> bytes:
    """The same without blocking the loop, whatever the size."""
    is_large = len(body) > LARGE_FRAME or is_long(head)
    return await asyncio.to_thread(pack, head, body) if is_large else _frame(head, body)


def _frame(head: dict[str, Any], body: bytes) -> bytes:
    header = _ENCODE(head).encode()
    return _LENGTH.pack(len(header)) + header + body


def _escaped(text: str) -> int:
    """The length of the text in JSON, counted with little memory."""
    return sum(len(encode_basestring_ascii(text[at : at + _PIECE])) for at in range(0, len(text), _PIECE))


def bundle(frames: Sequence[bytes]) -> bytes:
    """One message of these frames; a single frame stays as it is."""
    return frames[0] if len(frames) == 1 else _frame({"type": BUNDLE, "sizes": [*map(len, frames)]}, b"".join(frames))


def bundled(head: dict[str, Any], body: bytes) -> list[tuple[dict[str, Any], bytes]]:
    """The frames of a message, as from `unpack`. RequestError if they are invalid."""
    if head.get("type") != BUNDLE:
        return [(head, body)]
    frames, begin = [], 0
    for size in head["sizes"]:
        frames.append(unpack(body[begin : begin + size]))
        begin += size
    return frames


def unpack(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Header and raw bytes of a frame. RequestError if it is invalid."""
    try:
        (length,) = _LENGTH.unpack_from(data)
        head = parse_json(data[4 : 4 + length], depth=None)
    except (struct.error, ValueError) as error:
        raise RequestError(f"this is no frame of the session protocol: {error}") from error
    if not isinstance(head, dict):
        raise RequestError("a frame's header is a JSON object")
    return head, data[4 + length :]


async def unpacked(data: bytes | str) -> tuple[dict[str, Any], bytes]:
    """The same without blocking the loop, whatever the length."""
    frame = data if isinstance(data, bytes) else data.encode()
    return await asyncio.to_thread(unpack, frame) if len(frame) > LARGE_FRAME else unpack(frame)
