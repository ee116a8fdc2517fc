"""What an entry's body holds, read for display only: the pipeline's own view of it is the event's payload."""

from __future__ import annotations

import base64
import binascii
import codecs
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pfnb.kernel.display.tree import Embedded, Number

Kind = Literal["json", "fields", "text", "binary", "nothing"]

PARSED = 8 * 1024 * 1024
"""Bytes of a body that are parsed at most; of a longer one the head is shown as text."""
_HEAD = 16 * 1024
_TEXT_CODECS = ("utf", "ascii", "iso8859", "cp", "shift_jis", "euc_", "gb", "big5", "koi8", "mac-")
_CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:-]{1,40})", re.IGNORECASE)
_TEXT_TYPE = re.compile(r"text/|.*[/+](?:json|xml|yaml|x-yaml|javascript|x-www-form-urlencoded|x-ndjson)$")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True)
class Payload:
    """`value` is JSON data, a mapping of fields, a text, or the first bytes of a binary; `note` says what was left out."""

    kind: Kind
    value: Any = None
    note: str | None = None


def read_payload(entry: Mapping[str, Any], *, parsed: int = PARSED) -> Payload:
    """The payload of a log row: its form fields, else its body as JSON, text or bytes."""
    content_type = media_type(entry)
    fields = entry.get("fields")
    if fields:
        return Payload("fields", {name: _field(values) for name, values in fields.items()})
    if content_type.startswith("multipart/"):
        return Payload("nothing", note="no fields")
    encoded = entry.get("body")
    if encoded is None:
        return Payload("nothing", note="the body was not loaded" if entry.get("contentLength") else "no body")
    whole = len(encoded) * 3 // 4 <= parsed
    try:
        data = base64.b64decode(encoded if whole else encoded[: _HEAD // 3 * 4])
    except (binascii.Error, ValueError):
        return Payload("nothing", note="the body is not valid base64")
    return read_body(data, content_type, str(entry.get("contentType") or ""), whole=whole)


def media_type(entry: Mapping[str, Any]) -> str:
    """The entry's content type in lower case, without its parameters."""
    return str(entry.get("contentType") or "").partition(";")[0].strip().lower()


def read_body(data: bytes, content_type: str, full_type: str, *, whole: bool) -> Payload:
    """What `data` is, by its bytes and by its type, without and with parameters. Not `whole`: the head of something longer."""
    if not data:
        return Payload("nothing", note="no body")
    text = _decode(data, content_type, full_type)
    if text is None:
        return Payload("binary", data[:_HEAD])
    if not whole:
        return Payload("text", text, "too long to fold: only its beginning is shown")
    if content_type.endswith("json") or text.lstrip()[:1] in ("{", "["):
        try:
            return Payload("json", parse_json(text))
        except RecursionError:
            return Payload("text", text, "JSON, nested too deeply to fold")
        except ValueError:
            note = "not valid JSON" if content_type.endswith("json") else None
            return Payload("text", text, note)
    return Payload("text", text)


def parse_json(text: str) -> Any:
    """JSON data in which every number is the `Number` it was written as, NaN and Infinity included.

    Raises ValueError where it is no JSON, RecursionError where it nests deeper than the interpreter parses.
    """
    return json.loads(text, parse_int=Number, parse_float=Number, parse_constant=Number)


def _field(values: Any) -> Any:
    """A field as its listener sees it: one text, or a list of them."""
    texts = [_embedded(value) for value in values] if isinstance(values, list | tuple) else [_embedded(values)]
    return texts[0] if len(texts) == 1 else texts


def _embedded(value: Any) -> Any:
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "[") or len(value) > PARSED:
        return value
    try:
        return Embedded(parse_json(value))
    except (ValueError, RecursionError):
        return value


def _decode(data: bytes, content_type: str, full_type: str) -> str | None:
    """The text that `data` is, or None if it is binary."""
    named = _CHARSET.search(full_type)
    names = [named[1]] if named and _is_text_codec(named[1]) else []
    for name in [*names, "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"]:
        try:
            text = data.decode(name)
        except UnicodeDecodeError as error:
            # A head that was cut inside a character is still text.
            if error.start < len(data) - 4 or error.reason != "unexpected end of data":
                continue
            text = data[: error.start].decode(name)
        if _TEXT_TYPE.match(content_type) or not _CONTROL.search(text[:4096]):
            return text
    return None


def _is_text_codec(name: str) -> bool:
    try:
        return codecs.lookup(name).name.startswith(_TEXT_CODECS)
    except LookupError:
        return False
