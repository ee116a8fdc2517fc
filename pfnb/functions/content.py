"""`@content`: content references, collections of them, and their contents."""

from __future__ import annotations

import base64
import json
import mimetypes
from email.message import Message
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from pfnb.exceptions import ParameterError
from pfnb.functions import function
from pfnb.functions.arguments import flat, plain_text
from pfnb.functions.context import refuse_anonymous
from pfnb.language.charset import charset_of, document_text, json_text
from pfnb.language.content import genuine_id, read_decoded
from pfnb.language.context import Context
from pfnb.language.extent import check_written
from pfnb.language.json_size import count_json
from pfnb.language.media_types import OCTETS, is_json
from pfnb.rows.content import ContentReference

_TEXTS = ("text/", "application/json", "application/xml", "application/yaml", "application/x-www-form-urlencoded")


@function("content.newContent")
def new_content(uri: str) -> dict[str, Any]:
    """A content reference to an address; nothing is read.

    Example:
        @content.newContent('$uri:attachment:7').content  # => "$uri:attachment:7"
    """
    name = PurePosixPath(urlsplit(uri).path).name
    return {
        "name": name or None,
        "field": None,
        "contentType": mimetypes.guess_type(name)[0],
        "contentLength": None,
        "contentEncoding": None,
        "checksum": None,
        "content": uri,
    }


@function("content.newCollection")
def new_collection(*uris: Any) -> dict[str, Any]:
    """A content collection of references to addresses, or an empty one.

    Example:
        @content.newCollection()  # => {"path": "/", "children": []}
    """
    return {"path": "/", "children": [new_content(plain_text(uri)) for uri in flat(uris)]}


@function("content.fromBase64")
async def from_base64(
    context: Context, base64_string: str, name: str = "file", content_type: str | None = None
) -> ContentReference:
    """A content reference to the bytes of a base64 text. The type follows from the name unless it is given. Files that
    expressions make are kept for an hour.

    Example:
        @content.fromBase64('aGVsbG8=', 'hello.txt').contentLength  # => 5
    """
    try:
        data = base64.b64decode("".join(base64_string.split()), validate=True)
    except ValueError as error:
        raise ParameterError(f"the text is not base64: {error}") from None
    return await _made(context, data, name, content_type or mimetypes.guess_type(name)[0] or OCTETS)


@function("content.from")
async def from_value(
    context: Context, value: Any, name: str = "file", content_type: str | None = None
) -> ContentReference:
    """A content reference to a value: a text as it is, bytes as they are, anything else as JSON.

    Example:
        @content.from({a: 1}, 'a.json').contentType  # => "application/json"
    """
    guessed = content_type or mimetypes.guess_type(name)[0]
    if isinstance(value, bytes):
        return await _made(context, value, name, guessed or OCTETS)
    if isinstance(value, str):
        return await _made(context, value.encode(errors="replace"), name, guessed or "text/plain")
    check_written(value)
    return await _made(context, json.dumps(value, ensure_ascii=False).encode(), name, guessed or "application/json")


async def _made(context: Context, data: bytes, name: str, content_type: str) -> ContentReference:
    refuse_anonymous(context, "make files")
    return await context.hub.put_content(data, name=name, content_type=content_type)


@function("content.load")
async def load(context: Context, reference: Any) -> Any:
    """The content of a reference: JSON as its value, text as text, anything else as bytes, for `@convert.toBase64` and `@hash`.

    Example:
        @content.load(body.children[0])
    """
    given = reference if isinstance(reference, dict) else {"content": reference}
    content_id = await genuine_id(given, context.hub)
    if content_id is None:
        raise ParameterError(
            "expected a content reference made by the hub, such as body.payload: one written by hand is only text"
        )
    data = await read_decoded(content_id, given, context.hub)
    return decoded(data, reference.get("contentType") if isinstance(reference, dict) else None)


def decoded(data: bytes, content_type: Any) -> Any:
    """The bytes decoded by their type; unchanged if the type is missing or does not fit."""
    header = Message()
    header["content-type"] = plain_text(content_type)
    kind = header.get_content_type() if content_type else ""
    if not kind.startswith(_TEXTS) and not kind.endswith(("+json", "+xml")):
        return data
    charset = charset_of(plain_text(content_type))
    try:
        if not is_json(kind):
            return document_text(data, charset) if charset else data
        text = json_text(data, charset)
        count_json(text)
        return json.loads(text)
    except (ValueError, RecursionError):
        return data
