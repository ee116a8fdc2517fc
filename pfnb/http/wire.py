"""Frames of the session protocol: four bytes of header length, the header as JSON, then raw bytes that stay as they are."""

from __future__ import annotations

import json
import struct
from typing import Any

from pfnb.exceptions import RequestError

_LENGTH = struct.Struct("!I")
PROTOCOL = 1
KERNEL_HEADER = "X-Pfnb-Kernel"
"""Names the kernel whose token the Authorization header carries, where a server gives each of its kernels one."""
HUB_VARIABLE = "PFNB_HUB"
"""The environment variable by which a server tells a kernel its hub: JSON with url, kernel_id and token."""
AS_USER = "as_user"
"""The argument of a call that a run makes for another user than the session's."""
OWNER = "owner"
"""The argument of a worker's call that says whose pipeline makes it."""
MAX_FRAME = 256 * 1024 * 1024


def pack(head: dict[str, Any], body: bytes = b"") -> bytes:
    """One frame. Values that JSON has not (NaN, bytes, sets, dates) raise ValueError or TypeError."""
    header = json.dumps(head, allow_nan=False, separators=(",", ":")).encode()
    return _LENGTH.pack(len(header)) + header + body


def unpack(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Header and raw bytes of a frame. RequestError when it is none."""
    try:
        (length,) = _LENGTH.unpack_from(data)
        head = json.loads(data[4 : 4 + length])
    except (struct.error, ValueError, RecursionError) as error:
        raise RequestError(f"this is no frame of the session protocol: {type(error).__name__}") from error
    if not isinstance(head, dict):
        raise RequestError("a frame's header is a JSON object")
    return head, data[4 + length :]
