"""What a request makes the hub do before its answer is alike, whatever is behind the uuid: that is why its time tells nothing."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from pfnb.hub.home import Home, HubOptions
from pfnb.hub.hub import Hub
from pfnb.hub.records.delivery import Listener
from pfnb.hub.stores.sql.decoys import KEPT
from tests.hub.conftest import request

HEARD = {"known": 0, "heard": 1, "heard-by-many": 20}
"""Webhooks, and how many listen to each."""
TIMES = 40
APART = {"known": 0.06, "heard": 0.06, "heard-by-many": 0.2}
"""Part of the pages by which each may differ: tables of events and deliveries grow, so that their pages split now and then."""


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    home = Home(HubOptions(tmp_path / "hub"))
    await home.open()
    yield home.hub
    await home.close()


async def webhooks(hub: Hub) -> dict[str, str]:
    """Their uuids by name, and one that nobody has."""
    for name, count in HEARD.items():
        for number in range(count):
            path = f"global/app/timing/pipeline/{name}-{number}"
            one = Listener(path, f"timing.{name}", "ada", "a.ipynb", created=1)
            await hub.listeners.register(one, replace=False, resume=False)
    put = {name: await hub.webhooks.put({"eventKey": f"timing.{name}", "payloadType": "raw"}, "ada") for name in HEARD}
    return {"unknown": str(uuid.uuid4()), **{name: webhook.uuid for name, webhook in put.items()}}


async def grown(hub: Hub, uuids: dict[str, str]) -> sa.Engine:
    """The hub's database, when its tables are as full as they usually are."""
    await asyncio.gather(*(hub.receive(request(uuid=one)) for one in uuids.values() for _ in range(KEPT)))
    engine: sa.Engine = hub.store.database.engine  # type: ignore[attr-defined]
    end_all(engine)
    return engine


def end_all(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE deliveries SET status = 'succeeded' WHERE status = 'pending'")


async def test_as_many_pages_are_written_for_an_unknown_uuid_as_for_any_other(hub: Hub, tmp_path: Path) -> None:
    uuids = await webhooks(hub)
    engine = await grown(hub, uuids)
    log = tmp_path / "hub" / "pfnb.sqlite-wal"
    written = dict.fromkeys(uuids, 0)
    with engine.connect() as reader:
        reader.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()
        reader.exec_driver_sql("BEGIN")
        reader.exec_driver_sql("SELECT count(*) FROM events").all()  # while it reads, the log only grows
        for _ in range(TIMES):
            for name, one in uuids.items():
                before = log.stat().st_size
                await hub.receive(request(uuid=one))
                written[name] += log.stat().st_size - before
                end_all(engine)
    parts = {name: written[name] / written["unknown"] - 1 for name in APART}
    assert {name: part for name, part in parts.items() if abs(part) > APART[name]} == {}


async def test_what_is_written_in_the_place_of_an_earlier_decoy_does_not_show_whose_that_was(hub: Hub) -> None:
    engine = await grown(hub, await webhooks(hub))
    with engine.connect() as connection:
        owners = "SELECT owner FROM decoy_deliveries UNION SELECT owner FROM spare_deliveries"
        assert len(connection.exec_driver_sql(owners).all()) == 1


async def test_what_only_an_event_needs_begins_after_the_answer(hub: Hub) -> None:
    for name, one in (await webhooks(hub)).items():
        before = (hub.last_seq, hub.changes.number, len(hub.tasks))
        await hub.receive(request(uuid=one))
        assert (hub.last_seq, hub.changes.number, len(hub.tasks)) == before, name
        await asyncio.sleep(0)
        await hub.tasks.close()
