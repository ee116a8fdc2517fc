"""Content references: JSON objects that refer to bytes stored elsewhere.

A reference is genuine if the hub made it: its id ends with a code that only the hub can compute. Anybody can write a text that
looks like a reference; without the code it is plain data.
"""

from __future__ import annotations

import json
import re
from functools import partial
from typing import TYPE_CHECKING, Any, overload

from pfnb.language.charset import is_utf8
from pfnb.language.encodings import codings, decoded
from pfnb.language.offload import threaded
from pfnb.rows.content import ContentReference

if TYPE_CHECKING:
    from pfnb.language.port import HubPort

MAX_CHECKED = 1_000
"""How many references are checked in one call."""
_SCHEME = "$uri:attachment:"
_CODE = r"\.hmac-[A-Za-z0-9_-]{43}"
"""The code at the end of a genuine id: `.hmac-` and 32 bytes in base64url."""
_MARK = b".hmac-"
_CODE_LENGTH = len(_MARK) + 43
_LOOKED_THROUGH = 1 << 20
_SIGNED = re.compile(rf"[^\s:]{{1,200}}{_CODE}")
_CODE_IN_TEXT = re.compile(_CODE)
_CODE_IN_BYTES = re.compile(_CODE.encode())


def content_reference(
    content_id: str,
    *,
    name: str,
    content_type: str,
    size: int,
    sha256: str,
    field: str | None = None,
    encoding: str | None = None,
) -> ContentReference:
    """`sha256` is the hexadecimal digest of the bytes, `field` the form field they came in, `encoding` their
    Content-Encoding."""
    return {
        "name": name,
        "field": field,
        "contentType": content_type,
        "contentLength": size,
        "contentEncoding": encoding,
        "checksum": f"sha-256={sha256}",
        "content": f"{_SCHEME}{content_id}",
    }


def content_id_of(value: Any) -> str | None:
    """The id in what looks like a content reference, genuine or not; None for any other value."""
    content = value.get("content") if isinstance(value, dict) else None
    return content.removeprefix(_SCHEME) if isinstance(content, str) and content.startswith(_SCHEME) else None


async def genuine_id(value: Any, hub: HubPort) -> str | None:
    """The id in a content reference that the hub made for this user; None for anything else, which is plain data."""
    ids = await genuine_ids([value], hub)
    return ids[0] if ids else None


async def genuine_ids(values: Any, hub: HubPort) -> list[str]:
    """The ids in a list of genuine references; empty if it is not a list or contains anything else."""
    if not isinstance(values, list):
        return []
    ids: list[str] = []
    for value in values:
        content_id = content_id_of(value)
        if content_id is None or not _SIGNED.fullmatch(content_id):
            return []
        ids.append(content_id)
    for start in range(0, len(ids), MAX_CHECKED):
        if not await hub.are_genuine(ids[start : start + MAX_CHECKED]):
            return []
    return ids


async def read_decoded(content_id: str, reference: dict[str, Any], hub: HubPort) -> bytes:
    """The bytes behind a genuine reference, decompressed; see `encodings.decoded`."""
    data = await hub.read_content(content_id)
    names = codings({"content-encoding": str(reference.get("contentEncoding") or "")})
    return await threaded(partial(decoded, data, names)) if names else data


@overload
def without_codes(data: str) -> str: ...
@overload
def without_codes(data: bytes) -> bytes: ...
def without_codes(data: str | bytes) -> str | bytes:
    """Strip the codes from a text, or from one in bytes, that goes to or comes from strangers: no reference in it is then
    genuine."""
    # Removing a code may join its neighbours into another one. Then remove its mark everywhere, in one pass at any depth.
    if isinstance(data, str):
        plain = _CODE_IN_TEXT.sub("", data) if "hmac-" in data else data
        return plain.replace(".hmac-", ".hmac_") if plain != data and _CODE_IN_TEXT.search(plain) else plain
    # Look bit by bit: a search through long data would hold up all other threads.
    if not any(
        data.find(_MARK, at, at + _LOOKED_THROUGH) >= 0 for at in range(0, len(data), _LOOKED_THROUGH - len(_MARK))
    ):
        return data
    left = _CODE_IN_BYTES.sub(b"", data)
    return left.replace(b".hmac-", b".hmac_") if left != data and _CODE_IN_BYTES.search(left) else left


class CodesInPieces:
    """Makes the codes in bytes useless that come piece by piece. The number of bytes stays the same."""

    def __init__(self) -> None:
        self._left = b""

    def without(self, piece: bytes, *, is_last: bool) -> bytes:
        """The next bytes to pass on. What may be the beginning of a code waits for the next piece."""
        data = self._left + piece
        if _MARK in data:
            data = _CODE_IN_BYTES.sub(lambda code: b".hmac_" + code[0][len(_MARK) :], data)
        end = len(data) if is_last else max(0, len(data) - _CODE_LENGTH + 1)
        self._left = data[end:]
        return data[:end]


def parsed_without_codes(value: Any, source: bytes) -> Any:
    """The same for JSON; `source` are the bytes that it was read from."""
    if isinstance(value, str):
        return without_codes(value)
    # A code may be in plain letters, in escapes, or in a charset with zeros or shift sequences between letters: UTF-8 JSON
    # without any of these needs no further check.
    if not any(mark in source for mark in (b"hmac-", b"\\u", b"\0", b"\x1b", b"\x0e")) and is_utf8(source):
        return value
    text = json.dumps(value)
    plain = without_codes(text)
    return value if plain == text else json.loads(plain)
