"""The answer to an outbound call."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import Message
from email.utils import parsedate_to_datetime
from http.client import responses
from typing import Any

from pfnb.language.charset import charset_of, document_text, json_text, named_charset
from pfnb.language.media_types import OCTETS, is_json

_TEXTS = ("json", "xml", "yaml", "javascript", "x-www-form-urlencoded")
"""Suffixes of media types that are text, besides `text/…`."""
_SHOWN = 200


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
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def may_be_repeated(self) -> bool:
        """Whether another attempt may get another answer."""
        return self.status == 429 or self.status >= 500

    @property
    def is_json(self) -> bool:
        """Whether the bytes are JSON, whatever type they are declared to have."""
        try:
            json.loads(json_text(self.data, charset_of(self.content_type)))
        except (ValueError, RecursionError):
            return False
        return True

    @property
    def retry_after(self) -> float | None:
        """Seconds that the answer asks to wait, given as a number or a date."""
        value = self.headers.get("retry-after", "").strip()
        if value.isascii() and value.isdecimal():
            return float(value[:10])
        try:
            return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
        except (ValueError, TypeError, OverflowError):
            return None

    @property
    def described(self) -> str:
        """What was answered, for messages: the status, and the beginning of a text."""
        said = f"answered {self.status} {responses.get(self.status, '')}".rstrip()
        if 300 <= self.status < 400:
            return f"{said}: redirects are not followed, give the final address"
        text = self.data[: 4 * _SHOWN].decode("utf-8", "replace")
        return f"{said}: {' '.join(text.split())[:_SHOWN]}" if text.strip() else said

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
