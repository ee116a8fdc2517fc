"""`@content`: content references and collections of them, and what is behind them."""

from __future__ import annotations

import json
import mimetypes
from email.message import Message
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from pfnb.exceptions import ParameterError
from pfnb.functions.arguments import flat, plain_text
from pfnb.language.content import content_id_of
from pfnb.language.context import Context
from pfnb.language.function import function

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


@function("content.load")
async def load(context: Context, reference: Any) -> Any:
    """What is behind a content reference: JSON as its value, text as text, anything else as bytes, which `@convert.toBase64`
    and `@hash` take.

    Example:
        @content.load(body.children[0])
    """
    content_id = content_id_of(reference if isinstance(reference, dict) else {"content": reference})
    if content_id is None:
        raise ParameterError("a content reference is wanted, such as body.payload")
    data = await context.hub.read_content(content_id)
    return decoded(data, reference.get("contentType") if isinstance(reference, dict) else None)


def decoded(data: bytes, content_type: Any) -> Any:
    """The bytes as what their type says they are; as they are, if it does not say or they are something else."""
    header = Message()
    header["content-type"] = plain_text(content_type)
    kind = header.get_content_type() if content_type else ""
    if not kind.startswith(_TEXTS) and not kind.endswith(("+json", "+xml")):
        return data
    try:
        text = data.decode(header.get_content_charset("utf-8"))
        return json.loads(text) if kind.endswith("json") else text
    except (ValueError, LookupError, RecursionError):
        return data
