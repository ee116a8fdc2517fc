"""The property store: values by path, their owners, and the events that report every change.

A change and its events are one commit. Changes of properties wait for each other, so that the old value in an event is the real
one.
"""

from __future__ import annotations

import asyncio
import json
import re
import uuid as uuids
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, get_args

from pfnb.exceptions import (
    AccessDeniedError,
    LockedError,
    NameTakenError,
    NotFoundError,
    ParameterError,
    PayloadTooLargeError,
)
from pfnb.hub.records.property import Lock, Property
from pfnb.hub.records.property_path import PathPattern, absolute_path
from pfnb.hub.stores.changes import PropertyChange
from pfnb.hub.stores.store import Store
from pfnb.language.extent import check_written, shown
from pfnb.language.port import Exists
from pfnb.language.running.calls import BY_UUID
from pfnb.rows.property import LockType, PropertyRow

Result = Literal["create", "update", "skip"]
News = tuple[str, dict[str, Any]]
"""An event that reports a change: its key and its payload."""

MAX_VALUE = 1024 * 1024
MAX_TAGS = 100
MAX_TEXT = 500
MAX_MINUTES = 1_000_000_000
MAX_LOCK = MAX_MINUTES * 60_000
"""Bytes of a value; number of tags; characters of a tag's name and value, and of a type; minutes of a time to live; milliseconds
of a lock."""
LISTED = 32 * 1024 * 1024
"""Bytes of all values in one listing."""
BATCH = 500
"""How many properties are deleted in one commit."""
SWEEP_SECONDS = 60.0
_TYPE = re.compile(r"[\w.+-]+/[\w.+*-]+(\s*;\s*[\w.+-]+\s*=\s*(\"[^\"]*\"|[^\s;\"][^\s;]*))*\s*;?", re.ASCII)
"""Each parameter's value can be parsed in one way only: with two ways, the time doubles with each parameter."""


class Properties:
    """`commit` stores a change together with events of an owner. The creator of a property owns it: nobody else sees it."""

    def __init__(
        self,
        store: Store,
        namespace: str,
        now: Callable[[], int],
        commit: Callable[[PropertyChange, Sequence[News], str], Awaitable[None]],
    ) -> None:
        self.namespace = namespace
        self._store = store
        self._now = now
        self._commit = commit
        self.turn = asyncio.Lock()
        """Held while properties or attachments are changed."""

    async def get(self, path: str, owner: str) -> Property:
        """By its path, or by `uuid:` and its uuid. NotFoundError if there is none; AccessDeniedError if it is somebody else's."""
        if path.startswith(BY_UUID):
            return await self.by_uuid(path.removeprefix(BY_UUID), owner)
        found = await self._present(absolute_path(path, self.namespace))
        if found is None:
            raise NotFoundError(f"there is no property {path}")
        return _mine(found, owner)

    async def by_uuid(self, uuid: str, owner: str) -> Property:
        """Raises the errors of `get`."""
        found = await self._store.properties.get(uuid)
        if found is None or _is_over(found, self._now()):
            raise NotFoundError(f"there is no property with the uuid {uuid}")
        return _mine(self._unlocked_in_time(found), owner)

    async def find(self, pattern: str, owner: str, *, trashed: bool = False) -> list[Property]:
        """The owner's properties that a pattern or path matches, by path; those in the trash bin only if `trashed`."""
        return await self._find(pattern, owner, lambda _one: None, trashed)

    async def listing(
        self, pattern: str, owner: str, *, values: bool = True, trashed: bool = False
    ) -> list[PropertyRow]:
        """The same as JSON, with or without their values. ParameterError if all values together exceed LISTED bytes."""
        if not values:
            return [_without_values(one) for one in await self.find(pattern, owner, trashed=trashed)]
        size = 0

        def count(one: Property) -> None:
            nonlocal size
            size += len(one.value or "") + len(one.default_value or "")
            if size > LISTED:
                raise ParameterError(
                    f"the properties that match {pattern} have more than {LISTED // 1024**2} MiB of values: use a narrower "
                    "pattern, or list their paths with property.keys and get them one by one"
                )

        return [one.to_json() for one in await self._find(pattern, owner, count, trashed)]

    async def _find(self, pattern: str, owner: str, note: Callable[[Property], None], trashed: bool) -> list[Property]:
        pattern_ = PathPattern(pattern, self.namespace)
        if pattern_.is_path:
            one = await self._present(pattern_.prefix)
            return [one] if one is not None and one.owner == owner and (trashed or not one.trashed) else []
        now = self._now()

        def wanted(one: Property) -> bool:
            if one.owner != owner or not pattern_.matches(one.path) or _is_over(one, now):
                return False
            if one.trashed and not trashed:
                return False
            note(one)
            return True

        return [self._unlocked_in_time(one) for one in await self._store.properties.below(pattern_.prefix, wanted)]

    async def put(
        self,
        path: str,
        fields: Mapping[str, Any],
        owner: str,
        exists: Exists,
        *,
        as_data: bool = False,
        roles: Collection[str] = (),
    ) -> tuple[Result, Property]:
        """Create a property, or handle an existing one as `exists` says. `fields` are `value`, `defaultValue`, `type`,
        `timeToLive` (minutes), `tags`, `addTags` and `lock`; missing fields stay as they are. With `as_data`, a pipeline or a
        function is a ParameterError. LockedError if this user, who has these roles, may not change it; the owner may always
        remove the lock."""
        absolute = await self._absolute(path, owner)
        given = _checked(fields)
        if fields.get("lock") is not None:
            given["lock"] = _checked_lock(fields["lock"], self._now(), owner, self.namespace)
        added = _checked_tags(fields.get("addTags") or {})
        async with self.turn:
            before, over = await self._at(absolute)
            if before is None:
                new = Property(absolute, str(uuids.uuid4()), owner, self._now())
                after = replace(new, **{"type": _type_of(fields.get("value")), **_tagged(given, new, added)})
                _check_data(as_data, after)
                await self._commit(PropertyChange([after], over), [_news("created", None, after)], owner)
                return "create", after
            _mine(before, owner)
            if exists == "error":
                raise NameTakenError(f"the property {path} already exists")
            if exists == "skip":
                return "skip", before
            if given != {"lock": None} or added:
                self._check_lock(before, owner, roles)
            after = replace(before, updated=self._now(), **_tagged(given, before, added))
            _check_data(as_data, before, after)
            await self._commit(PropertyChange([after]), [_news("updated", before, after)], owner)
            return "update", after

    async def delete(
        self,
        pattern: str,
        owner: str,
        *,
        confirmed: bool = False,
        as_data: bool = False,
        roles: Collection[str] = (),
        locked: bool = False,
    ) -> list[Property]:
        """Delete the owner's properties that a pattern or path matches, with their attachments; returns what they were. A pattern
        that would delete nearly everything is a ParameterError unless `confirmed`. With `as_data`, so is a pipeline, here and in
        `copy` and `move`. LockedError if this user, who has these roles, may not change one of them; `locked` deletes those, too,
        and those in the trash bin."""
        wanted = PathPattern(pattern, self.namespace)
        if not wanted.is_path and wanted.fixed < 2 and not confirmed:
            raise ParameterError(
                f"{pattern} could delete everything: use a folder, such as global/app/demo/**, or add yes: true"
            )
        async with self.turn:
            if wanted.is_path and (found := await self._present(wanted.prefix)) is not None:
                _mine(found, owner)
            meant = await self.find(pattern, owner, trashed=locked or wanted.is_path)
            _check_data(as_data, *meant)
            for one in () if locked else meant:
                self._check_lock(one, owner, roles)
            return await self._remove(meant)

    async def copy(
        self, path: str, to: str, owner: str, *, as_data: bool = False, roles: Collection[str] = ()
    ) -> Property:
        """Copy it, without attachments, over anything at the target path."""
        target = absolute_path(to, self.namespace)
        async with self.turn:
            origin = await self.get(path, owner)
            there, over = await self._at(target)
            now = self._now()
            if there is None:
                new = str(uuids.uuid4())
                after = replace(origin, path=target, uuid=new, created=now, updated=None, lock=None)
            else:
                self._check_lock(_mine(there, owner), owner, roles)
                after = replace(
                    origin, path=target, uuid=there.uuid, created=there.created, updated=now, lock=there.lock
                )
                _check_data(as_data, there)
            _check_data(as_data, origin)
            await self._commit(PropertyChange([after], over), [_news("copied", origin, after)], owner)
            return after

    async def move(
        self, path: str, to: str, owner: str, *, as_data: bool = False, roles: Collection[str] = ()
    ) -> Property:
        """Move it to another path. NameTakenError if that is taken."""
        target = absolute_path(to, self.namespace)
        async with self.turn:
            origin = await self.get(path, owner)
            there, over = await self._at(target)
            if there is not None:
                raise NameTakenError(f"the property {to} already exists")
            self._check_lock(origin, owner, roles)
            _check_data(as_data, origin)
            after = replace(origin, path=target, updated=self._now())
            news = ("property.moved", {"origin": origin.path, "target": after.path})
            change = PropertyChange([after], over, vacated={origin.path: after.path})
            await self._commit(change, [news], owner)
            return after

    async def sweep(self) -> None:
        """Delete the expired ones."""
        async with self.turn:
            await self._remove(await self._store.properties.expired(self._now()))

    async def _remove(self, found: list[Property]) -> list[Property]:
        for owner in {one.owner for one in found}:
            mine = [one for one in found if one.owner == owner]
            for first in range(0, len(mine), BATCH):
                batch = mine[first : first + BATCH]
                news = [_news("deleted", one, None) for one in batch]
                gone = PropertyChange(
                    removed=[one.uuid for one in batch], vacated=dict.fromkeys([one.path for one in batch])
                )
                await self._commit(gone, news, owner)
        return found

    def _check_lock(self, found: Property, owner: str, roles: Collection[str]) -> None:
        """LockedError if this user, who has these roles, may not change it."""
        lock = found.lock
        if lock is not None and not lock.admits(owner, roles, self.namespace):
            state = (
                "is in the trash bin"
                if found.trashed
                else f"is locked ({lock.type}{f' {lock.name}' if lock.name else ''})"
            )
            raise LockedError(f"{found.path} {state}: remove the lock with property.lock.remove first")

    def check_unlocked(self, found: Property, roles: Collection[str]) -> None:
        """LockedError if its owner, who has these roles, may not change it."""
        self._check_lock(found, found.owner, roles)

    def _unlocked_in_time(self, found: Property) -> Property:
        """The property, without a lock that has ended."""
        ends = found.lock.ends if found.lock is not None else None
        return found if ends is None or ends > self._now() else replace(found, lock=None)

    async def _absolute(self, path: str, owner: str) -> str:
        """The absolute path, also of a property given as `uuid:` and its uuid."""
        if path.startswith(BY_UUID):
            return (await self.get(path, owner)).path
        return absolute_path(path, self.namespace)

    async def _present(self, absolute: str) -> Property | None:
        return (await self._at(absolute))[0]

    async def _at(self, absolute: str) -> tuple[Property | None, list[str]]:
        """The property at this path, and the uuid of an expired one to remove there."""
        found = await self._store.properties.at(absolute)
        if found is not None and _is_over(found, self._now()):
            return None, [found.uuid]
        return found and self._unlocked_in_time(found), []


def _is_over(found: Property, now: int) -> bool:
    return found.expires is not None and found.expires <= now


def _check_data(as_data: bool, *versions: Property) -> None:
    """Text that may be a stranger's must not be a pipeline or a function, nor replace one."""
    code = next((one for one in versions if one.is_pipeline or one.is_function), None) if as_data else None
    if code is not None:
        kind = "pipeline" if code.is_pipeline else "function"
        raise ParameterError(
            f"{code.path} is a {kind}, which neither an event's data nor an API token with a scope can create, change "
            "or delete: write its value and path literally, or store it from outside, by "
            "PUT /api/v3/pipeline:PATH, pi publish or %%pipeline --save"
        )


def _without_values(one: Property) -> PropertyRow:
    row = one.to_json()
    del row["value"], row["defaultValue"]
    return row


def _mine(found: Property, owner: str) -> Property:
    if found.owner != owner:
        raise AccessDeniedError(f"the property {found.path} does not belong to {owner}")
    return found


def _news(what: str, origin: Property | None, target: Property | None) -> News:
    payload = {"origin": origin and origin.to_json(), "target": target and target.to_json()}
    return f"property.{what}", payload


def _checked(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields as a Property has them. ParameterError, PayloadTooLargeError."""
    given: dict[str, Any] = {}
    if "value" in fields:
        given["value"] = _text("value", fields["value"])
    if "defaultValue" in fields:
        given["default_value"] = _text("defaultValue", fields["defaultValue"])
    if "type" in fields:
        given["type"] = _checked_type(fields["type"])
    if "timeToLive" in fields:
        minutes = fields["timeToLive"]
        if minutes is not None and not (isinstance(minutes, int) and 0 <= minutes <= MAX_MINUTES):
            raise ParameterError(f"timeToLive must be from 0 to {MAX_MINUTES:,} minutes, not {shown(minutes)}")
        given["time_to_live"] = minutes or None
    if "tags" in fields:
        given["tags"] = _checked_tags(fields["tags"])
    if "lock" in fields and fields["lock"] is None:
        given["lock"] = None
    return given


def _tagged(given: dict[str, Any], before: Property, added: Mapping[str, str]) -> dict[str, Any]:
    """The fields, with tags added to those that the property has."""
    return {**given, "tags": _checked_tags({**given.get("tags", before.tags), **added})} if added else given


def _checked_lock(given: Any, now: int, owner: str, namespace: str) -> Lock:
    """A lock from its fields as commands take them; the user is the owner, unless it is named. ParameterError."""
    if not isinstance(given, Mapping):
        raise ParameterError(f"lock must be a map, not {shown(given)}")
    kind: Any = given.get("type") or "global"
    ttl = given.get("ttl") or None
    name, details, uuid = (given.get(one) or None for one in ("name", "details", "uuid"))
    if kind not in get_args(LockType):
        raise ParameterError(f"a lock's type must be one of {', '.join(get_args(LockType))}, not {shown(kind)}")
    if kind == "group":
        raise ParameterError(
            "this hub cannot lock a property for a group: lock it for a role (type: role, name: ROLE_SALES)"
        )
    if ttl is not None and not (isinstance(ttl, int) and 0 < ttl <= MAX_LOCK):
        raise ParameterError(f"a lock's ttl must be from 1 to {MAX_LOCK:,} milliseconds, not {shown(ttl)}")
    for one in (name, details, uuid):
        if one is not None and not (isinstance(one, str) and len(one) <= MAX_TEXT):
            raise ParameterError(
                f"name, details and uuid of a lock have at most {MAX_TEXT} characters, not {shown(one)}"
            )
    if kind == "role" and name is None:
        raise ParameterError("a lock of the type role needs the role's name")
    known = {"role": name, "user": name or owner, "namespace": name or namespace}
    return Lock(now, kind, ttl, uuid if kind == "user" else None, known.get(kind), details)


def _text(name: str, value: Any) -> str | None:
    check_written(value)
    try:
        text = (
            value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False, allow_nan=False)
        )
        size = len((text or "").encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise ParameterError(f"{name} is neither a text nor JSON: {error}") from error
    if size > MAX_VALUE:
        raise PayloadTooLargeError(
            f"{name} may have at most {MAX_VALUE:,} bytes, not {size:,}: store it as an attachment"
        )
    return text


def _type_of(value: Any) -> str | None:
    """The type of a property created without one. Null counts as text."""
    return None if value is None or isinstance(value, str) else "application/json"


def _checked_type(given: object) -> str | None:
    if given is None:
        return None
    if not isinstance(given, str) or len(given) > MAX_TEXT or not _TYPE.fullmatch(given):
        raise ParameterError(f"type must be a mime type such as application/yaml;type=pipeline, not {shown(given)}")
    return given


def _checked_tags(tags: object) -> dict[str, str]:
    if not isinstance(tags, Mapping) or any(not isinstance(text, str) for tag in tags.items() for text in tag):
        raise ParameterError(f"tags must be a map of names and texts, not {shown(tags)}")
    if len(tags) > MAX_TAGS or any(not name or len(name) + len(value) > MAX_TEXT for name, value in tags.items()):
        raise ParameterError(
            f"a property may have at most {MAX_TAGS} tags, each with at most {MAX_TEXT} characters, including its name"
        )
    return dict(tags)
