"""A property: a value stored at a path, and its attachments."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field

from pfnb.language.content import content_reference
from pfnb.language.media_types import is_python
from pfnb.language.port import SYSTEM_NAME
from pfnb.rows.content import AttachmentRow
from pfnb.rows.property import LockRow, LockType, PropertyRow

MINUTE = 60_000
ROLE_SYSTEM = "ROLE_SYSTEM"
"""Who has this role may change what is locked, as the user `systemuser` may."""
_PIPELINE = re.compile(r";\s*type\s*=\s*\"?pipeline\"?\s*(;|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Lock:
    """Who alone may change a property: one user, those with a role, those of a namespace, or nobody (`global`, and `trash`, which
    also hides it). `ts` is when it was locked, in milliseconds; `ttl` for how many milliseconds, None: until it is removed."""

    ts: int
    type: LockType
    ttl: int | None = None
    uuid: str | None = None
    name: str | None = None
    details: str | None = None

    @property
    def ends(self) -> int | None:
        """Milliseconds since the epoch. What is in the trash bin is deleted then."""
        return None if self.ttl is None else self.ts + self.ttl

    def admits(self, user: str, roles: Collection[str], namespace: str) -> bool:
        """Whether a user with these roles may change the property."""
        if user == SYSTEM_NAME or ROLE_SYSTEM in roles:
            return True
        if self.type == "role":
            return self.name in roles
        return self.name == {"user": user, "namespace": namespace}.get(self.type, "")

    def to_json(self) -> LockRow:
        return {
            "ts": self.ts,
            "ttl": self.ttl,
            "type": self.type,
            "uuid": self.uuid,
            "name": self.name,
            "details": self.details,
        }

    def to_record(self) -> dict[str, object]:
        """As the store keeps it, to be read by `Lock(**record)`."""
        return asdict(self)


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
    lock: Lock | None = None

    @property
    def is_pipeline(self) -> bool:
        """Whether its type marks it as a pipeline, as `application/yaml;type=pipeline` does. One in the trash bin is none."""
        return _PIPELINE.search(self.type or "") is not None and not self.trashed

    @property
    def trashed(self) -> bool:
        return self.lock is not None and self.lock.type == "trash"

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
        end = self.created + self.time_to_live * MINUTE if self.time_to_live else None
        thrown = self.lock.ends if self.lock is not None and self.trashed else None
        return min((one for one in (end, thrown) if one is not None), default=None)

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
            "locked": self.lock is not None,
            "trashed": self.trashed,
            "lock": None if self.lock is None else self.lock.to_json(),
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
