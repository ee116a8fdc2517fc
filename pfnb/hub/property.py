"""A property: a value stored at a path, and what is attached to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pfnb.language.content import content_reference

MINUTE = 60_000


@dataclass(frozen=True, slots=True)
class Property:
    """`path` is absolute; `value` is a text, whatever `type` says of it. Times are milliseconds, `time_to_live` is minutes from
    `created` on. The uuid stays when it is moved."""

    path: str
    uuid: str
    owner: str
    created: int
    updated: int | None = None
    type: str | None = None
    value: str | None = None
    default_value: str | None = None
    time_to_live: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def expires(self) -> int | None:
        """Milliseconds since the epoch; None for one that stays."""
        return self.created + self.time_to_live * MINUTE if self.time_to_live else None

    def to_json(self) -> dict[str, Any]:
        """As commands return it and events carry it. `key` is what `path` was called once."""
        return {
            "path": self.path,
            "key": self.path,
            "uuid": self.uuid,
            "value": self.value,
            "defaultValue": self.default_value,
            "type": self.type,
            "created": self.created,
            "updated": self.updated,
            "timeToLive": self.time_to_live,
            "tags": dict(self.tags),
        }


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a property: `id` is that of its content, new with each content; `property` the uuid of whose it is."""

    id: str
    property: str
    owner: str
    name: str
    content_type: str
    size: int
    sha256: str
    created: int
    updated: int | None = None

    def to_json(self) -> dict[str, Any]:
        """A content reference, with its times."""
        reference = content_reference(
            self.id, name=self.name, content_type=self.content_type, size=self.size, sha256=self.sha256
        )
        return {**reference, "created": self.created, "updated": self.updated}
