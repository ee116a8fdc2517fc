"""The hub's listeners: which pipeline names there are, whose they are, and whom an event concerns."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from pfnb.exceptions import AccessDeniedError, NameTakenError, NotFoundError
from pfnb.hub.delivery import Listener
from pfnb.hub.stores.store import ListenerChange, Store
from pfnb.language.topics import topic_matches

MAX_KEYS = 4096
"""Event keys whose listeners are remembered."""


class Listeners:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._by_name: dict[str, Listener] = {}
        self._by_key: dict[tuple[str, str], tuple[str, ...]] = {}

    def load(self, listeners: Iterable[Listener]) -> None:
        self._by_name = {listener.name: listener for listener in sorted(listeners, key=lambda one: one.created)}
        self._by_key = {}

    def matching(self, key: str, owner: str) -> tuple[str, ...]:
        """Names of this owner's listeners of this event key, in the order in which they were registered. What one user's webhook
        receives is nobody else's to hear."""
        names = self._by_key.get((key, owner))
        if names is None:
            mine = (one for one in self._by_name.values() if one.owner == owner)
            names = tuple(one.name for one in mine if topic_matches(one.pattern, key))
            if len(self._by_key) >= MAX_KEYS:  # keys come from webhooks, which anybody may create many of
                self._by_key.clear()
            self._by_key[key, owner] = names
        return names

    def check_key(self, key: str, owner: str) -> None:
        """AccessDeniedError for a webhook with the very key of somebody else's pipeline, and of none of the owner's own: its
        events would go unheard."""
        others = sorted({one.owner for one in self._by_name.values() if one.pattern == key} - {owner})
        if others and not self.matching(key, owner):
            raise AccessDeniedError(
                f"{key} is what a pipeline of {others[0]} listens to, and events reach their own owner's pipelines only: choose "
                f"another eventKey, or have {others[0]} create the webhook"
            )

    def get(self, name: str) -> Listener:
        listener = self._by_name.get(name)
        if listener is None:
            raise NotFoundError(f"there is no pipeline named {name}: `%pipeline list` shows those there are")
        return listener

    def find(self, name: str) -> Listener | None:
        return self._by_name.get(name)

    def all(self) -> list[Listener]:
        return list(self._by_name.values())

    async def register(self, listener: Listener, *, replace: bool, resume: bool) -> None:
        """Add it, or put it in the place of the same notebook's listener of that name, or of one that both share.

        NameTakenError when another notebook holds the name and `replace` is false; when it would only `resume` what another
        kernel has registered meanwhile; and when it is somebody else's.
        """
        held = self._by_name.get(listener.name)
        if held is not None:
            _check_name(listener, held, replace=replace, resume=resume)
            listener = dataclasses.replace(listener, created=held.created)
        change = ListenerChange([listener])
        await self._store.change_listeners(change)
        await self.changed(change)

    async def unregister(self, name: str) -> Listener:
        listener = self.get(name)
        change = ListenerChange(removed=[name])
        await self._store.change_listeners(change)
        await self.changed(change)
        return listener

    async def changed(self, change: ListenerChange) -> None:
        """The store has committed this. Events that came meanwhile are committed behind it, for the names from before."""
        for name in (*change.removed, *change.renamed):
            self._by_name.pop(name, None)
        self._by_name.update((listener.name, listener) for listener in change.saved)
        self._by_key.clear()
        if change.removed or change.renamed:
            await self._store.change_listeners(dataclasses.replace(change, saved=()))


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
