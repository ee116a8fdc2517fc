from __future__ import annotations

import asyncio
import sqlite3
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from pfnb.hub.dispatch.feed import Job
from pfnb.hub.home import Home
from pfnb.hub.hub import Hub
from pfnb.hub.receiving.ingest import Ingest
from pfnb.hub.receiving.request import Body, Limits, Received, RequestHead
from pfnb.hub.records.delivery import Delivery, Listener
from pfnb.hub.records.event import Event
from pfnb.hub.records.webhook import Webhook
from pfnb.hub.stores.sql.store import SqlStore
from pfnb.hub.stores.store import Store
from tests.live.stores import DURABLE, STORES, new_store

UUID = "0b0c6a8e-6d6b-4f1e-9d5e-5b8f3f6936bd"
HOOK = Webhook(UUID, "ada", created=1, updated=1, event_key="order.placed")


class RecordingWorker:
    """A worker that keeps what it is handed until the test ends it."""

    def __init__(self, session: str = "", ahead: int = 0) -> None:
        self.session = session or uuid.uuid4().hex
        self.ahead = ahead
        self.jobs: asyncio.Queue[Job] = asyncio.Queue()
        self.revoked: list[str] = []
        self.discarded: list[int] = []

    async def deliver(self, job: Job) -> None:
        self.jobs.put_nowait(job)

    def revoke(self, listener: str) -> None:
        self.revoked.append(listener)

    def discard(self, delivery: Delivery, error: dict[str, Any]) -> None:
        self.discarded.append(delivery.id)

    async def next(self) -> Job:
        async with asyncio.timeout(5):
            return await self.jobs.get()


def listener(name: str, notebook: str = "a.ipynb", pattern: str = "order.*", **changes: Any) -> Listener:
    return Listener(name, pattern, "ada", notebook, created=1, **changes)


def request(
    body: bytes = b"{}",
    *,
    uuid: str = UUID,
    method: str = "POST",
    content_type: str = "application/json",
    address: str = "192.0.2.7",
) -> Received:
    head = RequestHead(method, f"uuid={uuid}", (("Content-Type", content_type),), address)
    ingest = Ingest(head, Limits(memory=max(Limits.memory, len(body))), Path("unused"))
    ingest.feed(body)
    return ingest.finish()


@pytest.fixture(params=STORES)
async def hub(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Hub]:
    home = Home(STORES[request.param](tmp_path / "hub"))
    await home.open()
    await home.hub.webhooks.put({"uuid": UUID, "eventKey": "order.placed", "payloadType": "raw"}, "ada")
    yield home.hub
    await home.close()


def event(number: int, **changes: object) -> Event:
    made = Event(
        id=f"e{number}",
        event_key="order.placed",
        namespace="default",
        trace_id="6936bd:abcdefg",
        correlation_id="c",
        created=1000 + number,
        owner=HOOK.owner,
        webhook=HOOK.uuid,
        headers={"content-type": "text/plain"},
        content_type="text/plain",
    )
    return replace(made, **changes)


def small(data: bytes = b"hello") -> Body:
    return Body(len(data), data, None)


def sqlite_store(folder: Path) -> SqlStore:
    store = new_store("sqlite", folder)
    assert isinstance(store, SqlStore)
    return store


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    made = new_store(request.param, tmp_path)
    await made.open()
    await made.registry.save_webhooks(HOOK)
    yield made
    await made.close()


@pytest.fixture(params=DURABLE)
def durable(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Store]:
    """Makes a store, and then one that has what the earlier one stored."""
    return lambda: new_store(request.param, tmp_path)


@contextmanager
def reads_fail(hub: Hub) -> Iterator[None]:
    """SQLite itself breaks off every read."""
    store = hub.store
    assert isinstance(store, SqlStore)

    def break_off(connection: sqlite3.Connection, *_: object) -> None:
        connection.set_progress_handler(lambda: 1, 1)

    def go_on(connection: sqlite3.Connection, *_: object) -> None:
        connection.set_progress_handler(None, 0)

    sa.event.listen(store.database.engine, "checkout", break_off)
    sa.event.listen(store.database.engine, "checkin", go_on)
    try:
        yield
    finally:
        sa.event.remove(store.database.engine, "checkout", break_off)
        sa.event.remove(store.database.engine, "checkin", go_on)
