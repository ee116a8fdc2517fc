"""The hub's endpoints: kept in memory, written through to the store, and served as listeners."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets as randomness
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pfnb import commands
from pfnb.exceptions import NotFoundError, ParameterError
from pfnb.hub.clock import now
from pfnb.hub.dispatch.dispatcher import Dispatcher
from pfnb.hub.dispatch.feed import Worker
from pfnb.hub.dispatch.listeners import Listeners
from pfnb.hub.keeping.secrets import HUB, Secrets
from pfnb.hub.records.endpoint import STANDARD, Endpoint
from pfnb.hub.records.secret import SecretRecord
from pfnb.hub.stores.changes import ListenerChange
from pfnb.hub.stores.store import Store
from pfnb.language.topics import topic_matches
from pfnb.language.utc import utc_time
from pfnb.outbound import SECRET_PREFIX

DISABLED = "webhook.endpoint.disabled"
"""The key of the event that tells an owner of an endpoint that the hub has switched off."""
MOST = 100
"""Endpoints of one owner."""
MAX_OVERLAP = 31 * 24 * 3600
_PUT = "webhook.endpoint.put"
_SETTINGS = ("event_key", "url", "description", "active", "format", "filter", "concurrency")
_KEY_BYTES = 32

Tell = Callable[[str, dict[str, Any], str], Awaitable[object]]
"""Sends an event of this key with this payload to its owner's listeners."""


class Endpoints:
    """`tell` sends an event. `schedule` has the retries of all endpoints."""

    def __init__(
        self, store: Store, secrets: Secrets, listeners: Listeners, dispatcher: Dispatcher, tell: Tell
    ) -> None:
        self.schedule = STANDARD
        self._store = store
        self._secrets = secrets
        self._listeners = listeners
        self._dispatcher = dispatcher
        self._tell = tell
        self._by_id: dict[str, Endpoint] = {}
        self._worker: Worker | None = None
        self._turn = asyncio.Lock()

    def load(self, endpoints: Iterable[Endpoint]) -> None:
        """Call this after the listeners were loaded."""
        self._by_id = {one.id: one for one in endpoints}
        self._listeners.load([*self._listeners.all(), *(one.listener(self.schedule) for one in self._by_id.values())])

    async def serve(self, worker: Worker) -> None:
        """This worker sends the events of all endpoints from now on."""
        self._worker = worker
        for endpoint in self._by_id.values():
            await self._serve(endpoint)

    async def _serve(self, endpoint: Endpoint) -> None:
        if not endpoint.active:
            await self._dispatcher.forget(endpoint.name)
        elif self._worker is not None:
            await self._dispatcher.attach(endpoint.listener(self.schedule), self._worker, replace=True)

    def find(self, name: str) -> Endpoint | None:
        """The endpoint whose listener has this name."""
        return self._by_id.get(name.partition(":")[2])

    def get(self, endpoint_id: str, owner: str) -> Endpoint:
        """NotFoundError if there is none, or it is somebody else's."""
        endpoint = self._by_id.get(endpoint_id)
        if endpoint is None or endpoint.owner != owner:
            raise NotFoundError("you have no endpoint with this id: `webhook.endpoint.get` lists yours")
        return endpoint

    def of(self, owner: str, event_key: str | None = None) -> list[Endpoint]:
        mine = (one for one in self._by_id.values() if one.owner == owner)
        return [one for one in mine if event_key is None or topic_matches(one.event_key, event_key)]

    async def put(self, fields: Mapping[str, Any], owner: str) -> Endpoint:
        """Create an endpoint, or change the one with the id `endpoint`, or with this URL and event key. `fields` are those of the
        command; the others are kept. Raises ParameterError, and NotFoundError for an unknown id."""
        given = commands.registry.get(_PUT).parameters.validate(fields)
        given = {name: value for name, value in given.items() if value is not None}
        async with self._turn:
            before = self._meant(given, owner)
            endpoint = before or self._new(given, owner)
            settings = {name: given[name] for name in _SETTINGS if name in given}
            if given.get("active"):
                settings |= {"disabled": None, "failing_since": None, "failed_at": None, "failed_for": 0}
            if "headers_" in given:
                settings["headers"] = tuple(given["headers_"])
            endpoint = replace(endpoint, **settings, updated=now())
            kept = await self._kept(endpoint, given, is_new=before is None)
            await self._save(endpoint, kept)
            if before is None or (before.active, before.concurrency) != (endpoint.active, endpoint.concurrency):
                await self._serve(endpoint)
            return endpoint

    def _meant(self, given: Mapping[str, Any], owner: str) -> Endpoint | None:
        if "endpoint" in given:
            return self.get(given["endpoint"], owner)
        key, url = given.get("event_key"), given.get("url")
        return next((one for one in self.of(owner) if (one.event_key, one.url) == (key, url)), None)

    def _new(self, given: Mapping[str, Any], owner: str) -> Endpoint:
        if "event_key" not in given or "url" not in given:
            raise ParameterError(f"{_PUT} needs eventKey, the events to send, and url, the address to send them to")
        if len(self.of(owner)) >= MOST:
            raise ParameterError(f"you have {MOST} endpoints, and more are not allowed: delete one that is not needed")
        return Endpoint(f"ep_{randomness.token_hex(8)}", owner, now(), now(), given["url"], given["event_key"])

    async def _kept(self, endpoint: Endpoint, given: Mapping[str, Any], *, is_new: bool) -> list[SecretRecord]:
        kept = []
        if "secret" in given or is_new:
            kept.append(await self._sealed(endpoint, "", given.get("secret") or _new_secret()))
        if "headers_" in given:
            kept.append(await self._sealed(endpoint, ":headers", json.dumps(given["headers_"])))
        return kept

    async def rotate(self, endpoint_id: str, owner: str, overlap: float, secret: str | None) -> Endpoint:
        """Replace the secret; the former one signs, too, for `overlap` more seconds."""
        async with self._turn:
            endpoint = self.get(endpoint_id, owner)
            former = await self.secret(endpoint)
            kept = [
                await self._sealed(endpoint, "", secret or _new_secret()),
                await self._sealed(endpoint, ":former", former),
            ]
            endpoint = replace(endpoint, updated=now(), former_until=now() + round(1000 * overlap))
            await self._save(endpoint, kept)
            return endpoint

    async def secret(self, endpoint: Endpoint) -> str:
        return await self._secrets.get(HUB, endpoint.name)

    async def signing(self, endpoint: Endpoint) -> Sequence[str]:
        """The secrets that sign a message now, the current one first."""
        current = await self.secret(endpoint)
        if endpoint.former_until is None or endpoint.former_until <= now():
            return (current,)
        return current, await self._secrets.get(HUB, f"{endpoint.name}:former")

    async def headers(self, endpoint: Endpoint) -> dict[str, str]:
        if not endpoint.headers:
            return {}
        headers: dict[str, str] = json.loads(await self._secrets.get(HUB, f"{endpoint.name}:headers"))
        return headers

    async def _sealed(self, endpoint: Endpoint, which: str, value: str) -> SecretRecord:
        return await self._secrets.sealed(HUB, f"{endpoint.name}{which}", value)

    async def delete(self, endpoint_id: str, owner: str) -> Endpoint:
        async with self._turn:
            endpoint = self.get(endpoint_id, owner)
            gone = [SecretRecord(HUB, f"{endpoint.name}{which}", None) for which in ("", ":former", ":headers")]
            change = ListenerChange(removed=[endpoint.name])
            await self._listeners.change(change, self._store.registry.delete_endpoint(endpoint, gone))
            self._secrets.keep(gone)
            del self._by_id[endpoint.id]
            await self._dispatcher.forget(endpoint.name)
            return endpoint

    async def succeeded(self, endpoint_id: str) -> None:
        """An attempt has succeeded."""
        async with self._turn:
            endpoint = self._by_id.get(endpoint_id)
            if endpoint is not None and (better := endpoint.after_success()) is not endpoint:
                await self._save(better)

    async def failed(self, endpoint_id: str, at: int, refused: str | None = None) -> None:
        """An attempt has failed at this time. The endpoint is switched off if it has failed for too long, or if its receiver
        `refused` any more messages, for this reason."""
        async with self._turn:
            endpoint = self._by_id.get(endpoint_id)
            if endpoint is None or not endpoint.active:
                return
            worse = endpoint.after_failure(at)
            reason = refused
            if reason is None and worse.is_dead:
                reason = f"every attempt has failed since {utc_time(worse.failing_since)}"
            if reason is not None:
                worse = replace(worse, active=False, disabled=reason)
            if worse is not endpoint:
                await self._save(worse)
            if reason is None:
                return
            await self._serve(worse)
        told = {"id": worse.id, "url": worse.url, "eventKey": worse.event_key, "reason": reason}
        await self._tell(DISABLED, told, worse.owner)

    async def hand_over(self, owner: str, to: str) -> None:
        """Give all endpoints of an owner to somebody else. What waits for them is not sent, and they are off until the new owner
        switches them on."""
        async with self._turn:
            for endpoint in self.of(owner):
                waiting = ListenerChange(removed=[endpoint.name])
                await self._listeners.change(waiting, self._store.registry.change_listeners(waiting))
                given = replace(endpoint, owner=to, updated=now(), active=False)
                await self._save(given)
                await self._serve(given)

    async def remove(self, owner: str) -> None:
        for endpoint in self.of(owner):
            await self.delete(endpoint.id, owner)

    async def _save(self, endpoint: Endpoint, kept: Sequence[SecretRecord] = ()) -> None:
        change = ListenerChange([endpoint.listener(self.schedule)])
        await self._listeners.change(change, self._store.registry.save_endpoint(endpoint, kept))
        self._secrets.keep(kept)
        self._by_id[endpoint.id] = endpoint


def _new_secret() -> str:
    return f"{SECRET_PREFIX}{base64.b64encode(randomness.token_bytes(_KEY_BYTES)).decode()}"
