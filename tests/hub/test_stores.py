"""Every store keeps the same promises."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pfnb.exceptions import NotFoundError
from pfnb.hub.receiving.request import Body, FilePart
from pfnb.hub.records.delivery import Delivery, Listener
from pfnb.hub.stores.changes import ListenerChange
from pfnb.hub.stores.memory.store import MemoryStore
from pfnb.hub.stores.store import Store
from tests.hub.conftest import HOOK, event, small


async def test_an_event_comes_back_as_it_was_stored(store: Store) -> None:
    given = event(
        1,
        query={"a": ["1", "2"]},
        fields={"name": ["Ada"]},
        files=(FilePart("file", "a.csv", "text/csv", 3, 4, "ab" * 32),),
        payload_type="base64",
        size=5,
    )
    stored = await store.events.add(given, small(), [])
    assert stored.seq == 1
    assert await store.events.get("e1") == replace(given, seq=1)
    assert await store.events.body("e1") == b"hello"
    assert await store.events.body_slice("e1", 1, 3) == b"ell"


async def test_events_keep_the_order_of_their_commit_and_page_backwards(store: Store) -> None:
    await asyncio.gather(*(store.events.add(event(number), small(), []) for number in range(20)))
    newest = await store.events.of_webhook(HOOK.uuid, 5, None)
    assert [one.seq for one in newest] == [20, 19, 18, 17, 16]
    assert [one.seq for one in await store.events.of_webhook(HOOK.uuid, 3, newest[-1].id)] == [15, 14, 13]
    assert [one.seq for one in await store.events.since(17, 10)] == [18, 19, 20]


async def test_each_listener_gets_its_own_delivery_in_the_order_of_commit(store: Store) -> None:
    for number in (1, 2):
        await store.events.add(event(number), small(), ["lead", "audit"])
    pending = await store.deliveries.pending("lead", 0, 10)
    assert [(delivery.event_id, one.seq) for delivery, one in pending] == [("e1", 1), ("e2", 2)]
    assert await store.deliveries.pending_counts() == {"lead": 2, "audit": 2}
    assert [delivery.event_id for delivery, _ in await store.deliveries.pending("lead", pending[0][0].id, 10)] == ["e2"]


async def test_a_finished_delivery_is_not_pending_and_keeps_its_error(store: Store) -> None:
    first, second = (await store.events.add(event(1), small(), ["lead", "audit"])).deliveries
    await store.deliveries.finish(first.id, "failed", {"statusMessage": "no such key", "line": 3}, [{"number": 1}])
    assert await store.deliveries.pending("lead", 0, 10) == []
    failed = Delivery(first.id, "e1", "lead", "failed", 1, {"statusMessage": "no such key", "line": 3})
    assert await store.deliveries.of_events(["e1"]) == {"e1": [failed, second]}


async def test_a_run_that_was_cut_off_counts_as_an_attempt_and_stays_pending(store: Store) -> None:
    (delivery,) = (await store.events.add(event(1), small(), ["lead"])).deliveries
    await store.deliveries.count_attempts({delivery.id})
    ((pending, _),) = await store.deliveries.pending("lead", 0, 10)
    assert pending.attempts == 1


async def test_deliveries_of_a_deleted_listener_are_dead_and_say_why(store: Store) -> None:
    await store.registry.change_listeners(ListenerChange([Listener("lead", "order.*", "ada", "a.ipynb", 1)]))
    await store.events.add(event(1), small(), ["lead"])
    await store.registry.change_listeners(ListenerChange(removed=["lead"]))
    (delivery,) = (await store.deliveries.of_events(["e1"]))["e1"]
    assert (delivery.status, delivery.error) == ("dead", {"statusMessage": "the listener was deleted"})


async def test_what_is_not_there_is_said_to_be_missing(store: Store) -> None:
    assert await store.events.get("nothing") is None
    with pytest.raises(NotFoundError):
        await store.events.body("nothing")
    with pytest.raises(NotFoundError):
        await store.deliveries.get(99)


async def test_webhooks_listeners_and_counts_survive_a_restart(durable: Callable[[], Store]) -> None:
    store = durable()
    await store.open()
    await store.registry.save_webhooks(HOOK)
    lead = Listener("lead", "order.*", "ada", "a.ipynb", 1, "pipeline: []", 2, all_notebooks=True)
    await store.registry.change_listeners(ListenerChange([lead]))
    await store.events.add(event(1), small(), ["lead"])
    changed = replace(HOOK, event_key="order.paid", updated=2, notebooks=("a.ipynb", "b.ipynb"))
    await store.registry.save_webhooks(changed)
    await store.close()

    again = durable()
    opened = await again.open()
    assert opened.webhooks == (replace(changed, received=1, last_received=1001),)
    assert opened.listeners == (lead,)
    assert opened.last_seq == 1
    stored = await again.events.add(event(2), small(), ["lead"])
    assert (stored.seq, len(await again.deliveries.pending("lead", 0, 10))) == (2, 2)
    await again.close()


async def test_an_upload_whose_event_was_never_committed_is_swept_away(
    durable: Callable[[], Store], tmp_path: Path
) -> None:
    store = durable()
    (tmp_path / "bodies" / "orphan").write_bytes(b"x")
    (tmp_path / "bodies" / "kept").write_bytes(b"large")
    await store.open()
    assert list((tmp_path / "bodies").iterdir()) == []
    (tmp_path / "bodies" / "kept").write_bytes(b"large")
    await store.events.add(event(1), Body(5, None, tmp_path / "bodies" / "kept"), [])
    await store.close()
    again = durable()
    await again.open()
    assert await again.events.body("e1") == b"large"
    await again.close()


async def test_memory_keeps_the_newest_events_and_whatever_is_pending(tmp_path: Path) -> None:
    store = MemoryStore(max_events=3)
    for number in range(5):
        await store.events.add(event(number), small(), [])
    assert [one.id for one in await store.events.since(0, 10)] == ["e2", "e3", "e4"]
    await store.events.add(event(5), small(), ["lead"])
    for number in range(6, 12):
        await store.events.add(event(number), small(), [])
    assert await store.events.get("e5") is not None


async def test_memory_is_bounded_while_its_oldest_event_is_pending() -> None:
    store = MemoryStore(max_events=10)
    await store.events.add(event(0), small(), ["lead"])
    for number in range(1, 1000):
        await store.events.add(event(number), small(), [])
    kept = [one.id for one in await store.events.since(0, 1000)]
    assert (kept[0], kept[-1], len(kept)) == ("e0", "e999", 10)


async def test_memory_keeps_all_that_is_pending_and_little_more() -> None:
    store = MemoryStore(max_events=10)
    for number in range(500):
        await store.events.add(event(number), small(), ["lead"])
        await store.events.add(event(1000 + number), small(), [])
    kept = {one.id for one in await store.events.since(0, 2000)}
    assert {f"e{number}" for number in range(500)} <= kept
    assert len(kept) < 520
