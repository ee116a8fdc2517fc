"""What came back from whom was called."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


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
        """JSON as a value, other texts as a text, nothing as None. Bytes that are no text become U+FFFD."""
        if not self.data:
            return None
        if "json" in self.content_type:
            try:
                return json.loads(self.data)
            except ValueError:
                pass  # it says JSON and is none: kept as the text it is
        return self.data.decode("utf-8", "replace")
