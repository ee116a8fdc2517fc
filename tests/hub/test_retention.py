"""What is old or too much goes, what is pending stays, and the disk has its space again."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from pfnb.hub.clock import DAY, now
from pfnb.hub.home import Home, HubOptions
from pfnb.hub.past import retention
from pfnb.hub.past.retention import Keep, Retention
from pfnb.hub.receiving.request import Body
from pfnb.hub.stores.store import Store
from tests.hub.conftest import UUID, RecordingWorker, event, listener, request, small, sqlite_store
from tests.live.older_database import older_database


def sweeper(store: Store, keep: Keep, away: tuple[str, ...] = ()) -> Retention:
    return Retention(store, keep, lambda: away, lambda: None)


async def there(store: Store) -> list[str]:
    return [one.id for one in await store.events.since(0, 1000)]


async def test_old_events_go_unless_something_of_theirs_is_pending(store: Store) -> None:
    old = now() - 2 * DAY
    await store.events.add(event(1, created=old), small(), [])
    (pending,) = (await store.events.add(event(2, created=old), small(), ["lead"])).deliveries
    (ended,) = (await store.events.add(event(3, created=old), small(), ["lead"])).deliveries
    await store.events.add(event(4, created=now()), small(), [])
    await store.deliveries.finish(ended.id, "failed", None, [])
    await sweeper(store, Keep(days=1, megabytes=0)).sweep()
    assert await there(store) == ["e2", "e4"]
    assert [one.id for one, _ in await store.deliveries.pending("lead", 0, 10)] == [pending.id]
    await sweeper(store, Keep(days=0, megabytes=0)).sweep()
    assert await there(store) == ["e2", "e4"]


async def test_beyond_the_bytes_the_oldest_go_and_their_files_with_them(store: Store, tmp_path: Path) -> None:
    bodies = tmp_path / "bodies"
    bodies.mkdir(exist_ok=True)
    for number in range(1, 9):
        file = bodies / f"b{number}"
        file.write_bytes(bytes(500_000))
        await store.events.add(event(number, size=500_000), Body(500_000, None, file), ["lead"] if number == 1 else [])
    await sweeper(store, Keep(days=0, megabytes=2)).sweep()
    kept = await there(store)
    assert kept[0] == "e1"
    assert kept[1:] == [f"e{number}" for number in range(9 - len(kept[1:]), 9)]
    assert sorted(path.name for path in bodies.iterdir()) == [f"b{one[1:]}" for one in kept]
    assert await store.events.size() <= 2 * 1024 * 1024


async def test_the_size_of_many_events_is_known_without_reading_them(tmp_path: Path) -> None:
    store = sqlite_store(tmp_path)
    await store.open()
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    def counted(connection: sqlite3.Connection, *_: object) -> None:
        connection.set_progress_handler(count, 1)

    sa.event.listen(store.database.engine, "checkout", counted)
    try:
        taken = []
        for first in (0, 100):
            await asyncio.gather(
                *(store.events.add(event(number), small(), []) for number in range(first, first + 100))
            )
            steps = 0
            await store.events.size()
            taken.append(steps)
    finally:
        await store.close()
    assert taken[0] == pytest.approx(taken[1], abs=50)


async def test_deliveries_that_wait_too_long_or_are_too_many_are_given_up(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "MAX_PENDING", 3)
    monkeypatch.setattr(retention, "GIVEN_UP", 2)
    await store.events.add(event(1, created=now() - 2 * DAY), small(), ["away", "there"])
    for number in range(2, 7):
        await store.events.add(event(number, created=now()), small(), ["away", "there"])
    await sweeper(store, Keep(days=1), away=("away",)).sweep()
    assert await store.deliveries.pending_counts() == {"away": 3, "there": 6}
    assert [one.event_id for one, _ in await store.deliveries.pending("away", 0, 10)] == ["e4", "e5", "e6"]
    (dead, waiting) = (await store.deliveries.of_events(["e1"]))["e1"]
    assert (dead.status, dead.error, waiting.status) == ("dead", {"statusMessage": "listener away"}, "pending")


async def test_the_database_gives_the_space_back(tmp_path: Path) -> None:
    store = sqlite_store(tmp_path)
    await store.open()
    await asyncio.gather(
        *(store.events.add(event(number, created=1, size=20_000), small(bytes(20_000)), []) for number in range(400))
    )
    await store.close()
    full = (tmp_path / "pfnb.sqlite").stat().st_size
    again = sqlite_store(tmp_path)
    await again.open()
    await sweeper(again, Keep(days=1)).sweep()
    await again.close()
    assert full > 8_000_000
    assert (tmp_path / "pfnb.sqlite").stat().st_size < 500_000


async def test_a_database_that_could_not_give_space_back_is_made_able_to(tmp_path: Path) -> None:
    older_database(tmp_path / "pfnb.sqlite", 1)
    store = sqlite_store(tmp_path)
    await store.open()
    await store.close()
    with sqlite3.connect(tmp_path / "pfnb.sqlite") as connection:
        assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)
    connection.close()


async def test_numbers_go_on_where_they_were_when_everything_was_removed(durable: Callable[[], Store]) -> None:
    store = durable()
    await store.open()
    (last,) = (await store.events.add(event(1, created=1), small(), ["lead"])).deliveries
    await store.deliveries.finish(last.id, "succeeded", None, [])
    await sweeper(store, Keep(days=1)).sweep()
    assert await there(store) == []
    await store.close()
    again = durable()
    assert (await again.open()).last_seq >= 1
    stored = await again.events.add(event(2), small(), ["lead"])
    assert (stored.seq > 1, stored.deliveries[0].id > last.id) == (True, True)
    await again.close()


async def test_a_hub_sweeps_by_itself_and_gives_up_only_on_listeners_that_nobody_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "FIRST_SECONDS", 0.05)
    monkeypatch.setattr(retention, "SWEEP_SECONDS", 0.05)
    monkeypatch.setattr(retention, "MAX_PENDING", 1)
    home = Home(HubOptions(tmp_path / "hub", keep=Keep(days=30)))
    await home.open()
    hub = home.hub
    await hub.webhooks.put({"uuid": UUID, "eventKey": "order.placed"}, "ada")
    gone, serving = RecordingWorker(), RecordingWorker()
    await hub.register(listener("gone"), gone, replace=False)
    await hub.dispatcher.detach(gone)
    await hub.register(listener("served"), serving, replace=False)
    for _ in range(3):
        await hub.receive(request())
    async with asyncio.timeout(5):
        while await hub.store.deliveries.pending_counts() != {"gone": 1, "served": 3}:
            await asyncio.sleep(0.01)
    await home.close()


async def test_a_hub_stays_near_its_bytes_however_fast_it_grows(tmp_path: Path) -> None:
    home = Home(HubOptions(tmp_path / "hub", keep=Keep(megabytes=4)))
    await home.open()
    hub = home.hub
    await hub.webhooks.put({"uuid": UUID, "eventKey": "order.placed"}, "ada")
    most = 0
    for _ in range(600):
        await hub.receive(request(bytes(30_000)))
        most = max(most, await hub.store.events.size())
    await home.close()
    assert most < 1.2 * 4 * 1024 * 1024
