"""The property store: what is kept at which path, whose it is, and the events that tell of every change.

A change and its events are one commit. Whoever changes properties waits for the change before, so that what an event says was
there before really was.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import uuid as uuids
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from pfnb.exceptions import (
    AccessDeniedError,
    NameTakenError,
    NotFoundError,
    ParameterError,
    PayloadTooLargeError,
    PfnbError,
)
from pfnb.hub.property import Property
from pfnb.hub.property_path import PathPattern, absolute_path
from pfnb.hub.stores.store import PropertyChange, Store
from pfnb.language.port import Exists

log = logging.getLogger("pfnb.hub")
Result = Literal["create", "update", "skip"]
News = tuple[str, dict[str, Any]]
"""An event that tells of a change: its key and its payload."""

MAX_VALUE = 1024 * 1024
MAX_TAGS = 100
MAX_TEXT = 500
MAX_MINUTES = 1_000_000_000
"""Bytes of a value; how many tags; characters of their names and values, and of a type; minutes of a time to live."""
BATCH = 500
"""How many properties are deleted in one commit."""
SWEEP_SECONDS = 60.0
_TYPE = re.compile(r"[\w.+-]+/[\w.+*-]+(\s*;\s*[\w.+-]+\s*=\s*(\"[^\"]*\"|[^\s;]+))*\s*;?", re.ASCII)


class Properties:
    """`commit` stores a change together with events of an owner. Who created a property owns it: nobody else sees it."""

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
        """Held by whoever changes a property or its attachments."""

    async def get(self, path: str, owner: str) -> Property:
        """NotFoundError when there is none; AccessDeniedError when it is somebody else's."""
        found = await self._present(absolute_path(path, self.namespace))
        if found is None:
            raise NotFoundError(f"there is no property {path}")
        return _mine(found, owner)

    async def by_uuid(self, uuid: str, owner: str) -> Property:
        """Raises as `get`."""
        found = await self._store.property_of(uuid)
        if found is None or _is_over(found, self._now()):
            raise NotFoundError(f"there is no property of the uuid {uuid}")
        return _mine(found, owner)

    async def find(self, pattern: str, owner: str) -> list[Property]:
        """The owner's properties that a pattern or path means, by path."""
        wanted = PathPattern(pattern, self.namespace)
        if wanted.is_path:
            one = await self._present(wanted.prefix)
            return [one] if one is not None and one.owner == owner else []
        found = await self._store.properties(wanted.prefix)
        now = self._now()
        return [one for one in found if one.owner == owner and wanted.matches(one.path) and not _is_over(one, now)]

    async def put(self, path: str, fields: Mapping[str, Any], owner: str, exists: Exists) -> tuple[Result, Property]:
        """Create a property, or do with the one at this path what `exists` says. `fields` are `value`, `defaultValue`, `type`,
        `timeToLive` (minutes) and `tags`; what is not among them stays."""
        absolute = absolute_path(path, self.namespace)
        given = _checked(fields)
        async with self.turn:
            before, over = await self._at(absolute)
            if before is None:
                new = Property(absolute, str(uuids.uuid4()), owner, self._now())
                after = replace(new, **{"type": _type_of(fields.get("value")), **given})
                await self._commit(PropertyChange([after], over), [_news("created", None, after)], owner)
                return "create", after
            _mine(before, owner)
            if exists == "error":
                raise NameTakenError(f"there is a property {path} already")
            if exists == "skip":
                return "skip", before
            after = replace(before, updated=self._now(), **given)
            await self._commit(PropertyChange([after]), [_news("updated", before, after)], owner)
            return "update", after

    async def delete(self, pattern: str, owner: str, *, confirmed: bool = False) -> list[Property]:
        """Delete the owner's properties that a pattern or path means, with their attachments; returns what they were. A pattern
        that leaves hardly anything standing is a ParameterError unless it is confirmed."""
        wanted = PathPattern(pattern, self.namespace)
        if not wanted.is_path and wanted.fixed < 2 and not confirmed:
            raise ParameterError(
                f"{pattern} could delete everything: name a folder, such as global/app/demo/**, or add yes: true"
            )
        async with self.turn:
            if wanted.is_path and (found := await self._present(wanted.prefix)) is not None:
                _mine(found, owner)
            return await self._remove(await self.find(pattern, owner))

    async def copy(self, path: str, to: str, owner: str) -> Property:
        """Copy it, without attachments, over whatever is there."""
        target = absolute_path(to, self.namespace)
        async with self.turn:
            origin = await self.get(path, owner)
            there, over = await self._at(target)
            now = self._now()
            if there is None:
                after = replace(origin, path=target, uuid=str(uuids.uuid4()), created=now, updated=None)
            else:
                after = replace(origin, path=target, uuid=_mine(there, owner).uuid, created=there.created, updated=now)
            await self._commit(PropertyChange([after], over), [_news("copied", origin, after)], owner)
            return after

    async def move(self, path: str, to: str, owner: str) -> Property:
        """Give it another path. NameTakenError when there is something."""
        target = absolute_path(to, self.namespace)
        async with self.turn:
            origin = await self.get(path, owner)
            there, over = await self._at(target)
            if there is not None:
                raise NameTakenError(f"there is a property {to} already")
            after = replace(origin, path=target, updated=self._now())
            news = ("property.moved", {"origin": origin.path, "target": after.path})
            change = PropertyChange([after], over, vacated={origin.path: after.path})
            await self._commit(change, [news], owner)
            return after

    async def sweep_again_and_again(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                await self.sweep()
            except PfnbError as error:
                log.warning("properties whose time is up could not be deleted: %s", error)  # the next time, then

    async def sweep(self) -> None:
        """Delete those whose time is up."""
        async with self.turn:
            await self._remove(await self._store.expired_properties(self._now()))

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

    async def _present(self, absolute: str) -> Property | None:
        return (await self._at(absolute))[0]

    async def _at(self, absolute: str) -> tuple[Property | None, list[str]]:
        """What is at this path, and the uuid of what has to make room there since its time is up."""
        found = await self._store.property(absolute)
        if found is not None and _is_over(found, self._now()):
            return None, [found.uuid]
        return found, []


def _is_over(found: Property, now: int) -> bool:
    return found.expires is not None and found.expires <= now


def _mine(found: Property, owner: str) -> Property:
    if found.owner != owner:
        raise AccessDeniedError(f"the property {found.path} belongs to somebody else than {owner}")
    return found


def _news(what: str, origin: Property | None, target: Property | None) -> News:
    payload = {"origin": origin and origin.to_json(), "target": target and target.to_json()}
    return f"property.{what}", payload


def _checked(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields as a Property has them. ParameterError, PayloadTooLargeError."""
    given: dict[str, Any] = {}
    if "value" in fields:
        given["value"] = _text("value", fields["value"])
    if "defaultValue" in fields:
        given["default_value"] = _text("defaultValue", fields["defaultValue"])
    if "type" in fields:
        given["type"] = _checked_type(fields["type"])
    if "timeToLive" in fields:
        minutes = fields["timeToLive"]
        if minutes is not None and not 0 <= minutes <= MAX_MINUTES:
            raise ParameterError(f"timeToLive is from 0 to {MAX_MINUTES:,} minutes, not {minutes}")
        given["time_to_live"] = minutes or None
    if "tags" in fields:
        given["tags"] = _checked_tags(fields["tags"])
    return given


def _text(name: str, value: Any) -> str | None:
    try:
        text = (
            value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False, allow_nan=False)
        )
        size = len((text or "").encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise ParameterError(f"{name} is neither a text nor JSON: {error}") from error
    if size > MAX_VALUE:
        raise PayloadTooLargeError(f"{name} has {MAX_VALUE:,} bytes at most, not {size:,}: keep it as an attachment")
    return text


def _type_of(value: Any) -> str | None:
    """The type of a property that is created without one. Null stands for a text."""
    return None if value is None or isinstance(value, str) else "application/json"


def _checked_type(given: str | None) -> str | None:
    if given is not None and (len(given) > MAX_TEXT or not _TYPE.fullmatch(given)):
        raise ParameterError(f"type is a mime type such as application/yaml;type=pipeline, not {given[:80]!r}")
    return given


def _checked_tags(tags: Mapping[str, str]) -> dict[str, str]:
    if len(tags) > MAX_TAGS or any(not name or len(name) + len(value) > MAX_TEXT for name, value in tags.items()):
        raise ParameterError(f"a property has {MAX_TAGS} tags at most, of {MAX_TEXT} characters with their names")
    return dict(tags)
