"""The hub's listeners: their pipelines' names, their owners, and the events they get."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Iterable, Sequence
from typing import TypeVar

from pfnb.exceptions import AccessDeniedError, NameTakenError, NotFoundError
from pfnb.hub.dispatch.commits import Commits
from pfnb.hub.records.delivery import Listener
from pfnb.hub.stores.changes import ListenerChange
from pfnb.hub.stores.store import MOST_DECOYS, Store

T = TypeVar("T")
MAX_KEYS = 4096
"""Event keys for which the listeners are cached."""


PER_MORE = 4
"""Indices of deliveries grow, so that their pages split; those of decoys do not. One more decoy for this many deliveries makes
up for that."""
NOBODY = tuple(f"nobody-{number}" for number in range(1 + MOST_DECOYS // PER_MORE))
"""Names of listeners that do not exist."""


class Listeners:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._by_name: dict[str, Listener] = {}
        self._by_key: dict[tuple[str, str, tuple[str, ...]], tuple[str, ...]] = {}
        self._most: tuple[str, ...] = ()
        self.commits = Commits()

    def load(self, listeners: Iterable[Listener]) -> None:
        self._by_name = {listener.name: listener for listener in sorted(listeners, key=lambda one: one.created)}
        self._by_key = {}

    def matching(self, key: str, owner: str, notebooks: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Names of this owner's listeners for an event that these notebooks fire (empty: it comes from elsewhere), in the order
        of their registration. Nobody else gets what a user's webhook receives."""
        names = self._by_key.get((key, owner, notebooks))
        if names is None:
            mine = (one for one in self._by_name.values() if one.owner == owner)
            names = tuple(one.name for one in mine if one.hears(key, notebooks))
            if len(self._by_key) >= MAX_KEYS:  # anybody may create many webhooks, and so many keys
                self._by_key.clear()
            self._by_key[key, owner, notebooks] = names
            self._most = max(self._most, names, key=len)
        return names

    def padding(self, names: Sequence[str]) -> Sequence[str]:
        """Names that pad these listeners to the most that any event ever had, plus at least one. As much is written for every
        event, so that the time of an answer does not reveal the number of listeners."""
        missing = self._most[len(names) :]
        return (*missing, *NOBODY[: 1 + len(missing) // PER_MORE]) if self._most else ()

    def check_key(self, key: str, owner: str) -> None:
        """AccessDeniedError for a webhook whose key is the exact pattern of somebody else's pipeline and matches none of the
        owner's: its events would go unheard."""
        pipelines = (one for one in self._by_name.values() if one.is_pipeline)
        others = sorted({one.owner for one in pipelines if one.pattern == key} - {owner})
        if others and not self.matching(key, owner):
            raise AccessDeniedError(
                f"{key} is the key of a pipeline of {others[0]}, but a webhook fires only pipelines of its owner: choose "
                f"another eventKey, or let {others[0]} create the webhook"
            )

    def get(self, name: str) -> Listener:
        listener = self._by_name.get(name)
        if listener is None or not listener.is_pipeline:
            raise NotFoundError(f"there is no pipeline named {name}: `%pipeline list` shows all")
        return listener

    def of(self, owner: str) -> list[Listener]:
        """This owner's pipelines that listen."""
        return [one for one in self._by_name.values() if one.owner == owner and one.is_pipeline]

    def find(self, name: str) -> Listener | None:
        return self._by_name.get(name)

    def all(self) -> list[Listener]:
        return list(self._by_name.values())

    async def register(self, listener: Listener, *, replace: bool, resume: bool) -> None:
        """Add a listener, or replace the one of that name if it is the same notebook's or both share it.

        NameTakenError when another notebook holds the name and `replace` is false; when this kernel only wants to `resume` what
        another kernel has registered meanwhile; and when the name is somebody else's.
        """
        held = self._by_name.get(listener.name)
        if held is not None:
            _check_name(listener, held, replace=replace, resume=resume)
            listener = dataclasses.replace(listener, created=held.created)
        change = ListenerChange([listener])
        await self.change(change, self._store.registry.change_listeners(change))

    async def unregister(self, name: str) -> Listener:
        listener = self.get(name)
        change = ListenerChange(removed=[name])
        await self.change(change, self._store.registry.change_listeners(change))
        return listener

    async def change(self, change: ListenerChange, commit: Awaitable[T]) -> T:
        """Make this change once `commit` has stored it. Returns the result of that."""
        gone = (*change.removed, *change.renamed)
        ended = self.commits.ended(gone)
        result = await commit
        for name in gone:
            self._by_name.pop(name, None)
        self._by_name.update((listener.name, listener) for listener in change.saved)
        self._by_key.clear()
        self._most = ()
        if await self.commits.were_more(gone, ended):
            # Events were committed meanwhile, some after the change, for names that are gone.
            await self._store.registry.change_listeners(dataclasses.replace(change, saved=()))
        return result


def _check_name(listener: Listener, held: Listener, *, replace: bool, resume: bool) -> None:
    name = f"the pipeline name {listener.name}"
    if held.owner != listener.owner:
        raise NameTakenError(f"{name} is held by {held.owner}: choose another name")
    if held.is_stored:
        raise NameTakenError(f"{name} is the path of a stored pipeline: choose another name")
    if listener.is_shared_with(held) or replace:
        return
    if held.notebook != listener.notebook:
        way = (
            "share it with the same event key and headers" if held.shared and listener.shared else "choose another name"
        )
        raise NameTakenError(f"{name} is held by {held.notebook}: {way}, or take it over with --replace")
    if resume and held.session != listener.session:
        raise NameTakenError(f"{name} was taken over by another kernel of {held.notebook}")
