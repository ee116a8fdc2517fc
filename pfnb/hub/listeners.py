"""The hub's listeners: which pipeline names there are, whose they are, and whom an event concerns."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from pfnb.exceptions import NameTakenError, NotFoundError
from pfnb.hub.delivery import Listener
from pfnb.hub.stores.store import Store
from pfnb.language.topics import topic_matches


class Listeners:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._by_name: dict[str, Listener] = {}
        self._by_key: dict[str, tuple[str, ...]] = {}

    def load(self, listeners: Iterable[Listener]) -> None:
        self._by_name = {listener.name: listener for listener in sorted(listeners, key=lambda one: one.created)}
        self._by_key = {}

    def matching(self, key: str) -> tuple[str, ...]:
        """Names of the listeners of this event key, in the order in which they were registered."""
        names = self._by_key.get(key)
        if names is None:
            names = tuple(one.name for one in self._by_name.values() if topic_matches(one.pattern, key))
            if len(self._by_key) >= 1024:  # keys come from webhooks, which anybody may create many of
                self._by_key.clear()
            self._by_key[key] = names
        return names

    def get(self, name: str) -> Listener:
        listener = self._by_name.get(name)
        if listener is None:
            raise NotFoundError(f"there is no pipeline named {name}: `%pipeline list` shows those there are")
        return listener

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
        await self._store.save_listener(listener)
        self._by_name[listener.name] = listener
        self._by_key.clear()

    async def unregister(self, name: str) -> Listener:
        listener = self.get(name)
        await self._store.delete_listener(name, "the listener was deleted")
        self._by_name.pop(name, None)
        self._by_key.clear()
        return listener


def _check_name(listener: Listener, held: Listener, *, replace: bool, resume: bool) -> None:
    name = f"the pipeline name {listener.name}"
    if held.owner != listener.owner:
        raise NameTakenError(f"{name} is held by {held.owner}: choose another name")
    if listener.is_shared_with(held) or replace:
        return
    if held.notebook != listener.notebook:
        way = (
            "share it with the same event key and headers" if held.shared and listener.shared else "choose another name"
        )
        raise NameTakenError(f"{name} is held by {held.notebook}: {way}, or take it over with --replace")
    if resume and held.session != listener.session:
        raise NameTakenError(f"{name} was taken over by another kernel of {held.notebook}")
