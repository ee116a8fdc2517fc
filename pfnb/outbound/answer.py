"""What came back from whom was called."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

_TEXTS = ("json", "xml", "yaml", "javascript", "x-www-form-urlencoded")
"""How the names of media types end that are texts, besides `text/…`."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` have lower-case names; `attempts` counts how often it was sent until this came."""

    status: int
    headers: dict[str, str] = field(repr=False)
    data: bytes = field(repr=False)
    attempts: int = 1

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")

    @property
    def value(self) -> Any:
        """JSON as a value, other texts as a text, nothing as None, and what is no text as its bytes."""
        if not self.data:
            return None
        message = Message()
        message["content-type"] = self.content_type or "application/octet-stream"
        kind = message.get_content_type()
        if kind.endswith(("/json", "+json")):
            with suppress(ValueError):  # it says JSON and is none: kept as the text it is
                return json.loads(self.data)
        charset = message.get_content_charset()
        if charset or kind.startswith("text/") or kind.endswith(_TEXTS):
            with suppress(LookupError):
                return self.data.decode(charset or "utf-8", "replace")
        if self.content_type:
            return self.data
        try:
            return self.data.decode()
        except UnicodeDecodeError:
            return self.data
