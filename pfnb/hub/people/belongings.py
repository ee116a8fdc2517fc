"""Everything that belongs to a user, so that it can be given to somebody else or removed when the user is gone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pfnb.exceptions import BusyError
from pfnb.hub.dispatch.listeners import Listeners
from pfnb.hub.keeping.cache import Cache
from pfnb.hub.keeping.contents import Contents
from pfnb.hub.keeping.drive import Drive
from pfnb.hub.keeping.properties import Properties
from pfnb.hub.keeping.results import Results
from pfnb.hub.keeping.secrets import Secrets
from pfnb.hub.outgoing.endpoints import Endpoints
from pfnb.hub.records.delivery import Listener
from pfnb.hub.records.query import EventQuery
from pfnb.hub.stores.store import Store
from pfnb.hub.webhooks import Webhooks

BATCH = 200
_ALL = "**"


@dataclass(frozen=True, slots=True)
class Belongings:
    """`unregister` ends a listener. `changed` is called after events were removed or got another owner."""

    store: Store
    webhooks: Webhooks
    endpoints: Endpoints
    listeners: Listeners
    properties: Properties
    secrets: Secrets
    contents: Contents
    cache: Cache
    drive: Drive
    results: Results
    unregister: Callable[[str], Awaitable[Listener]]
    changed: Callable[[], None]

    async def any(self, owner: str) -> bool:
        """Whether this owner has anything."""
        if self.webhooks.list(owner) or self.endpoints.of(owner) or self.listeners.of(owner):
            return True
        if await self.drive.any(owner):
            return True
        if self.secrets.any(owner) or await self.properties.find(_ALL, owner, trashed=True):
            return True
        return bool((await self.store.events.find(EventQuery(owner), None, 1)).events)

    async def hand_over(self, owner: str, to: str) -> None:
        """Give all of it to somebody else. Its pipelines do not listen, its webhooks do not fire and its endpoints get nothing
        until the new owner allows it: they would act with the new owner's rights."""
        await self._stop_listening(owner)
        async with self.properties.turn:
            await self.webhooks.hand_over(owner, to)
            await self.endpoints.hand_over(owner, to)
            await self.store.registry.change_owner(owner, to)
        await self.secrets.hand_over(owner, to)
        await self.drive.hand_over(owner, to)
        self._forget(owner)

    async def remove(self, owner: str) -> None:
        """BusyError if something could not be removed yet."""
        await self._stop_listening(owner)
        for webhook in self.webhooks.list(owner):
            await self.webhooks.delete(webhook.uuid, owner)
        await self.endpoints.remove(owner)
        await self.properties.delete(_ALL, owner, confirmed=True, locked=True)
        await self.secrets.remove(owner)
        await self.drive.remove(owner)
        while found := (await self.store.events.find(EventQuery(owner), None, BATCH)).events:
            if not await self.store.events.remove([event.seq for event in found]):
                raise BusyError(f"some events of {owner} are still being worked on: try again")
        self._forget(owner)

    async def _stop_listening(self, owner: str) -> None:
        for listener in self.listeners.of(owner):
            await self.unregister(listener.name)

    def _forget(self, owner: str) -> None:
        """Remove what is kept in memory for a while only."""
        self.contents.forget(owner)
        self.cache.forget(owner)
        self.results.forget(owner)
        self.changed()
