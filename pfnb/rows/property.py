"""A property: a value stored at a path."""

from typing import Literal, NotRequired, TypedDict

PropertyChange = Literal["create", "update", "skip"]
LockType = Literal["user", "role", "group", "namespace", "global", "trash"]


class LockRow(TypedDict):
    """Who alone may change a property. `name` is that of the user, role or namespace. `ts` is when it was locked, in milliseconds
    since the epoch, `ttl` for how many milliseconds; null: until the lock is removed."""

    ts: int
    ttl: int | None
    type: LockType
    uuid: str | None
    name: str | None
    details: str | None


class PropertyRow(TypedDict):
    """A property as commands return it and events carry it. `value` is a text, whatever its `type`; a list of paths only has
    neither `value` nor `defaultValue`. `key` is the old name of `path`. Times are milliseconds since the epoch, `timeToLive` is
    minutes from `created` on. A `trashed` property is one whose lock has the type `trash`."""

    path: str
    key: str
    uuid: str
    value: NotRequired[str | None]
    defaultValue: NotRequired[str | None]
    type: str | None
    created: int
    updated: int | None
    timeToLive: int | None
    tags: dict[str, str]
    locked: bool
    trashed: bool
    lock: LockRow | None


class ChangedProperty(TypedDict):
    """The result of saving a property, and its new state."""

    result: PropertyChange
    property: PropertyRow


class SavedProperty(TypedDict):
    """The result of saving a property, in brief."""

    result: PropertyChange
    path: str
    uuid: str


class PipelineSource(TypedDict):
    """The text of a pipeline, and its path, or the name under which it listens."""

    path: str
    source: str
