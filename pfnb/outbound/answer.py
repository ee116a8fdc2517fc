"""The answer to an outbound call."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

from pfnb.language.charset import charset_of, document_text, json_text, named_charset
from pfnb.language.media_types import OCTETS, is_json

_TEXTS = ("json", "xml", "yaml", "javascript", "x-www-form-urlencoded")
"""Suffixes of media types that are text, besides `text/…`."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` have lower-case names; `attempts` counts how often the request was sent."""

    status: int
    headers: dict[str, str] = field(repr=False)
    data: bytes = field(repr=False)
    attempts: int = 1

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")

    @property
    def value(self) -> Any:
        """JSON as a value, other text as text, an empty body as None, anything else as bytes."""
        if not self.data:
            return None
        message = Message()
        message["content-type"] = self.content_type or OCTETS
        kind = message.get_content_type()
        if is_json(kind):
            with suppress(ValueError, RecursionError):  # declared as JSON but is not: keep it as text
                return json.loads(json_text(self.data, charset_of(self.content_type)))
        charset = charset_of(self.content_type)
        if charset and (named_charset(self.content_type) or kind.startswith("text/") or kind.endswith(_TEXTS)):
            return document_text(self.data, charset)
        if self.content_type:
            return self.data
        try:
            return self.data.decode()
        except UnicodeDecodeError:
            return self.data
