"""Parses a log row's body, for display only: pipelines see the event's payload."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pfnb.display.tree import Embedded, Number
from pfnb.exceptions import PfnbError
from pfnb.language.charset import known_charset, named_charset, text_or_none
from pfnb.language.encodings import codings, decoded
from pfnb.language.media_types import is_json, media_type
from pfnb.rows.event import EventRow

Kind = Literal["json", "fields", "text", "binary", "nothing"]

PARSED = 8 * 1024 * 1024
"""The largest body, in bytes, that is parsed; of a longer one, the head is shown as text."""
_HEAD = 16 * 1024
_TEXT_TYPE = re.compile(r"text/|.*[/+](?:json|xml|yaml|x-yaml|javascript|x-www-form-urlencoded|x-ndjson)$")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True)
class Payload:
    """`value` is JSON data, a mapping of fields, a text, or the first bytes of a binary; `note` says what was left out."""

    kind: Kind
    value: Any = None
    note: str | None = None


def read_payload(entry: EventRow, *, parsed: int = PARSED) -> Payload:
    """The payload of a log row: its form fields, else its body as JSON, text or bytes."""
    content_type = media_type(entry["contentType"])
    if entry["fields"]:
        return Payload("fields", {name: _field(values) for name, values in entry["fields"].items()})
    if content_type.startswith("multipart/"):
        return Payload("nothing", note="no fields")
    encoded = entry.get("body")
    if encoded is None:
        return Payload("nothing", note="the body was not loaded" if entry["contentLength"] else "no body")
    whole = len(encoded) * 3 // 4 <= parsed
    try:
        data = base64.b64decode(encoded if whole else encoded[: _HEAD // 3 * 4])
    except (binascii.Error, ValueError):
        return Payload("nothing", note="the body is not valid base64")
    names = codings(entry["headers"])
    if names:
        if not whole:
            return Payload("nothing", note="compressed, and too long to be read here")
        try:
            data = decoded(data, names)
        except PfnbError as error:
            return Payload("binary", data[:_HEAD], str(error))
        whole = len(data) <= parsed
        data = data if whole else data[:_HEAD]
    return read_body(data, content_type, entry["contentType"], whole=whole)


def read_body(data: bytes, content_type: str, full_type: str, *, whole: bool) -> Payload:
    """What `data` is, by its bytes and its media type, given without and with parameters. If not `whole`, it is only a head."""
    if not data:
        return Payload("nothing", note="no body")
    text = _decode(data, content_type, full_type)
    if text is None:
        return Payload("binary", data[:_HEAD])
    if not whole:
        return Payload("text", text, "too long to fold: only its beginning is shown")
    if is_json(content_type) or text.lstrip()[:1] in ("{", "["):
        try:
            return Payload("json", parse_json(text))
        except RecursionError:
            return Payload("text", text, "JSON, nested too deeply to fold")
        except ValueError:
            note = "not valid JSON" if is_json(content_type) else None
            return Payload("text", text, note)
    return Payload("text", text)


def parse_json(text: str) -> Any:
    """JSON data in which every number is a `Number`, as it was written, NaN and Infinity included.

    Raises ValueError if it is not JSON, RecursionError if it nests deeper than the interpreter parses.
    """
    return json.loads(text, parse_int=Number, parse_float=Number, parse_constant=Number)


def _field(values: Sequence[str]) -> Any:
    """A field as its listener sees it: one text, or a list of them."""
    texts = [_embedded(value) for value in values]
    return texts[0] if len(texts) == 1 else texts


def _embedded(value: str) -> Any:
    if value.lstrip()[:1] not in ("{", "[") or len(value) > PARSED:
        return value
    try:
        return Embedded(parse_json(value))
    except (ValueError, RecursionError):
        return value


def _decode(data: bytes, content_type: str, full_type: str) -> str | None:
    """The text that `data` is, or None if it is binary."""
    named = known_charset(named_charset(full_type))
    for name in [*([named] if named else []), "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"]:
        try:
            text = data.decode(name)
        except UnicodeDecodeError as error:
            # Data cut inside a character is still text.
            if error.start < len(data) - 4 or error.reason != "unexpected end of data":
                continue
            text = data[: error.start].decode(name)
        if _TEXT_TYPE.match(content_type) or not _CONTROL.search(text[:4096]):
            return text
    return text_or_none(data, named) if _TEXT_TYPE.match(content_type) else None
