"""Frames of the session protocol: four bytes of header length, the header as JSON, then raw bytes. Long values of the header are
among the raw bytes, and a long frame is sent as several messages, so that neither end is held up by one."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pfnb.exceptions import RequestError, RunLimitError
from pfnb.http.parts import PIECE, pieces_of, put_back, taken_out
from pfnb.hub.receiving.body_json import parse_json
from pfnb.language.extent import is_long, written

_LENGTH = struct.Struct("!I")
_ENCODE = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode
PROTOCOL = 2
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
LONG = "long"
"""The type of a frame that announces another one of `size` bytes. The next messages are the bytes of that one."""
PARTS = "parts"
"""The field of a header that says what the raw bytes begin with: for each part its path and its number of bytes. Where the path
leads to null, the part is that text; where it leads to a list or map, the part is JSON with further items."""
_CONTROLS = bytes(range(0x20))
MAX_FRAME = 96 * 1024 * 1024
"""The most bytes of a frame. Tornado buffers 100 MiB of an arriving message: a longer one would break the connection, and again
each time it is resent."""
LARGE_FRAME = 65_536
"""Longer frames are encoded and decoded in a thread."""

Frame = Sequence[bytes]
"""The messages of one frame, to be sent one after the other."""


def pack(head: dict[str, Any], body: bytes = b"") -> bytes:
    """A short frame. Values that JSON does not have (NaN, bytes, sets, dates) raise ValueError or TypeError."""
    header = _ENCODE(head).encode()
    return _LENGTH.pack(len(header)) + header + body


async def packed(head: dict[str, Any], body: bytes = b"") -> Frame:
    """Any frame, without blocking the loop. RunLimitError if it is longer than MAX_FRAME; ParameterError for a header nested too
    deeply to be parsed; otherwise as `pack`."""
    is_large = len(body) > LARGE_FRAME or is_long(head)
    return await asyncio.to_thread(_pack_long, head, body) if is_large else [pack(head, body)]


def _pack_long(head: dict[str, Any], body: bytes) -> Frame:
    _check_length(written(head) + len(body))
    head, parts = taken_out(head)
    pieces: list[bytes] = []
    places, total, escapes = [], len(body), 0
    for path, value in parts:
        before, is_text = total, isinstance(value, str)
        for piece in pieces_of(value) if is_text else [_ENCODE(value).encode()]:
            total += len(piece)
            # Callers get a text as JSON, where each of these characters takes six bytes.
            escapes += 5 * (len(piece) - len(piece.translate(None, _CONTROLS))) if is_text else 0
            _check_length(total)
            pieces.append(piece)
        places.append([path, total - before])
    _check_length(total + escapes)
    header = pack({**head, PARTS: places} if places else head)
    total += len(header)
    _check_length(total)
    messages = list(_messages([header, *pieces, body]))
    return messages if len(messages) == 1 else [pack({"type": LONG, "size": total}), *messages]


def _messages(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in messages of at most PIECE bytes."""
    gathered: list[bytes] = []
    room = PIECE
    for piece in pieces:
        for at in range(0, len(piece), PIECE):
            part = piece[at : at + PIECE]
            if len(part) > room:
                yield b"".join(gathered)
                gathered, room = [], PIECE
            gathered.append(part)
            room -= len(part)
    yield b"".join(gathered)


def _check_length(size: int) -> None:
    if size > MAX_FRAME:
        raise RunLimitError(
            f"this has {size / 1024**2:,.0f} MiB, but a message between hub and kernel may have at most "
            f"{MAX_FRAME // 1024**2} MiB"
        )


def bundle(frames: Sequence[bytes]) -> bytes:
    """One message of these short frames; a single frame stays as it is."""
    return frames[0] if len(frames) == 1 else pack({"type": BUNDLE, "sizes": [*map(len, frames)]}, b"".join(frames))


def bundled(head: dict[str, Any], body: bytes) -> list[tuple[dict[str, Any], bytes]]:
    """The frames of a message, as from `unpack`. RequestError if they are invalid."""
    if head.get("type") != BUNDLE:
        return [(head, body)]
    frames, begin = [], 0
    for size in head["sizes"]:
        frames.append(unpack(body[begin : begin + size]))
        begin += size
    return frames


def unpack(data: bytes | bytearray) -> tuple[dict[str, Any], bytes]:
    """Header and raw bytes of a frame. RequestError if it is invalid."""
    raw = memoryview(data)
    try:
        (length,) = _LENGTH.unpack_from(raw)
        head = parse_json(bytes(raw[4 : 4 + length]), depth=None)
        if not isinstance(head, dict):
            raise RequestError("a frame's header must be a JSON object")
        begin = put_back(head, head.pop(PARTS, ()), raw[4 + length :])
    except (struct.error, ValueError) as error:
        raise RequestError(f"this is not a frame of the session protocol: {error}") from error
    return head, bytes(raw[4 + length + begin :])


class Incoming:
    """The frames in the messages of one connection."""

    def __init__(self) -> None:
        self._long: bytearray | None = None
        self._size = 0

    async def frame(self, message: bytes | str) -> tuple[dict[str, Any], bytes] | None:
        """The frame that ends with this message, None if there is more to come. RequestError if it is invalid. Does not block
        the loop, whatever the length."""
        data = message if isinstance(message, bytes) else message.encode()
        if self._long is not None:
            return await self._continued(self._long, data)
        head, body = await asyncio.to_thread(unpack, data) if len(data) > LARGE_FRAME else unpack(data)
        if head.get("type") != LONG:
            return head, body
        size = head.get("size")
        if type(size) is not int or not PIECE < size <= MAX_FRAME:
            raise RequestError(f"a long frame has from {PIECE} to {MAX_FRAME} bytes")
        self._long, self._size = bytearray(), size  # which takes memory as bytes arrive, not for what is only announced
        return None

    async def _continued(self, frame: bytearray, data: bytes) -> tuple[dict[str, Any], bytes] | None:
        if len(frame) + len(data) > self._size:
            raise RequestError("a long frame is longer than announced")
        frame += data
        if len(frame) < self._size:
            await asyncio.sleep(0)  # other connections have their turn, however fast this one sends
            return None
        self._long = None
        return await asyncio.to_thread(unpack, frame)
