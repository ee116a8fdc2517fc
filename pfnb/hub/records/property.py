"""A property: a value stored at a path, and its attachments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pfnb.language.content import content_reference
from pfnb.language.media_types import is_python
from pfnb.rows.content import AttachmentRow
from pfnb.rows.property import PropertyRow

MINUTE = 60_000
_PIPELINE = re.compile(r";\s*type\s*=\s*\"?pipeline\"?\s*(;|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Property:
    """`path` is absolute; `value` is a text, whatever its `type`. Times are milliseconds, `time_to_live` is minutes from
    `created` on. The uuid stays when the property is moved."""

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
    def is_pipeline(self) -> bool:
        """Whether its type marks it as a pipeline, as `application/yaml;type=pipeline` does."""
        return _PIPELINE.search(self.type or "") is not None

    @property
    def is_function(self) -> bool:
        """Whether its type marks it as Python code, as `application/python;type=script` does."""
        return is_python(self.type)

    @property
    def source(self) -> str | None:
        """The text of a property that is a pipeline, None while it has none."""
        return self.value if self.value is not None else self.default_value

    @property
    def expires(self) -> int | None:
        """Milliseconds since the epoch; None if it does not expire."""
        return self.created + self.time_to_live * MINUTE if self.time_to_live else None

    def to_json(self) -> PropertyRow:
        """As commands return it and events carry it. `key` is the old name of `path`."""
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
    """A file of a property: `id` is that of its content, new with each content; `property` the uuid of the property."""

    id: str
    property: str
    owner: str
    name: str
    content_type: str
    size: int
    sha256: str
    created: int
    updated: int | None = None

    def to_json(self, content_id: str | None = None) -> AttachmentRow:
        """A content reference, with its times. It is genuine if `content_id` is the signed id."""
        reference = content_reference(
            content_id or self.id, name=self.name, content_type=self.content_type, size=self.size, sha256=self.sha256
        )
        return {**reference, "created": self.created, "updated": self.updated}
