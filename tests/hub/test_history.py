"""What happened, as its owner sees it."""

from __future__ import annotations

import asyncio
import hashlib

import pytest

from pfnb.exceptions import AccessDeniedError, NotFoundError
from pfnb.hub.access import HubAccess
from pfnb.hub.hub import Hub
from pfnb.hub.records.delivery import Outcome
from pfnb.hub.records.query import EventFilter
from pfnb.language.port import User
from tests.hub.conftest import UUID, RecordingWorker, listener, request

EVERY = EventFilter()
DONE = Outcome(succeeded=True, value="done", steps=({"number": 1, "command": "log"},))
FAILED = Outcome(succeeded=False, error={"statusMessage": "no"})


async def test_a_listed_event_has_its_order_and_the_ids_of_its_deliveries_and_no_body(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(listener("lead"), worker, replace=False)
    receipt = await hub.receive(request())
    job = await worker.next()
    page = await hub.history.page("ada", EVERY, None, 10)
    (row,) = page["events"]
    assert (row["id"], row["seq"], "body" in row) == (receipt.event_id, 1, False)
    mine = {"id": str(job.delivery.id), "listener": "lead", "status": "running", "attempts": 1, "error": None}
    assert [{**one, "runningFor": None} for one in row["deliveries"]] == [{**mine, "runningFor": None}]
    assert row["deliveries"][0]["runningFor"] >= 0
    assert (page["next"], page["total"]) == (None, 1)


async def test_the_total_comes_with_the_first_page_only_and_not_with_a_search(hub: Hub) -> None:
    for _ in range(3):
        await hub.receive(request(b'{"name": "Ada"}'))
    first = await hub.history.page("ada", EVERY, None, 2)
    assert (first["total"], first["next"]) == (3, 2)
    assert (await hub.history.page("ada", EVERY, first["next"], 2))["total"] is None
    found = await hub.history.page("ada", EventFilter(text="ada"), None, 10)
    assert (len(found["events"]), found["total"]) == (3, None)


async def test_a_watcher_hears_of_the_event_and_of_each_change_of_its_deliveries(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(listener("lead"), worker, replace=False)
    cursor = (await hub.history.watch("ada", EVERY, None, 1))["cursor"]
    watching = asyncio.create_task(hub.history.watch("ada", EVERY, cursor, 5))
    receipt = await hub.receive(request())
    seen = await watching
    assert [(row["id"], seen["lost"]) for row in seen["events"]] == [(receipt.event_id, False)]
    job = await worker.next()
    cursor = (await hub.history.watch("ada", EVERY, None, 1))["cursor"]
    watching = asyncio.create_task(hub.history.watch("ada", EVERY, cursor, 5))
    await hub.dispatcher.finish(job.delivery.id, job.lease, DONE)
    seen = await watching
    assert [one["status"] for one in seen["events"][0]["deliveries"]] == ["succeeded"]


async def test_a_watcher_hears_only_of_what_it_asked_for_and_gets_its_cursor_back_in_time(hub: Hub) -> None:
    cursor = (await hub.history.watch("ada", EVERY, None, 1))["cursor"]
    await hub.receive(request())
    seen = await hub.history.watch("ada", EventFilter(key="nobody.*"), cursor, 0.1)
    assert (seen["events"], seen["lost"]) == ([], False)
    assert await hub.history.watch("eve", EVERY, seen["cursor"], 0.05) == seen


async def test_a_watcher_of_failed_deliveries_hears_when_one_is_no_longer_failed(hub: Hub) -> None:
    cursor = (await hub.history.watch("ada", EVERY, None, 1))["cursor"]
    await hub.receive(request())
    assert len((await hub.history.watch("ada", EventFilter(status="failed"), cursor, 1))["events"]) == 1


async def test_a_watcher_that_was_away_too_long_lists_again(hub: Hub) -> None:
    await hub.register(listener("lead"), RecordingWorker(), replace=False)
    cursor = (await hub.history.watch("ada", EVERY, None, 1))["cursor"]
    await hub.unregister("lead")
    seen = await hub.history.watch("ada", EVERY, cursor, 1)
    assert seen == {"cursor": hub.changes.number, "events": [], "lost": True}


async def test_a_replay_goes_to_all_that_listen_now_and_leaves_earlier_deliveries_as_they_are(hub: Hub) -> None:
    early, late, other = RecordingWorker(), RecordingWorker(), RecordingWorker()
    await hub.register(listener("early"), early, replace=False)
    receipt = await hub.receive(request(b'{"a": 1}'))
    job = await early.next()
    await hub.dispatcher.finish(job.delivery.id, job.lease, FAILED)
    await hub.register(listener("late"), late, replace=False)
    await hub.register(listener("other", pattern="lead.*"), other, replace=False)
    replayed = await hub.replay(receipt.event_id, "ada")
    assert [one.listener for one in replayed] == ["early", "late"]
    for worker in (early, late):
        job = await worker.next()
        assert (await hub.history.object(job.event, job.body))["payload"] == {"a": 1}
        await hub.dispatcher.finish(job.delivery.id, job.lease, DONE)
    (row,) = (await hub.history.page("ada", EVERY, None, 1))["events"]
    assert [one["status"] for one in row["deliveries"]] == ["failed", "succeeded", "succeeded"]
    assert [one.listener for one in await hub.replay(receipt.event_id, "ada", "other")] == ["other"]
    assert (await other.next()).event.id == receipt.event_id


async def test_nothing_of_somebody_else_is_read_or_replayed(hub: Hub) -> None:
    await hub.register(listener("lead"), RecordingWorker(), replace=False)
    receipt = await hub.receive(request())
    (delivery,) = (await hub.store.deliveries.of_events([receipt.event_id]))[receipt.event_id]
    with pytest.raises(NotFoundError):
        await hub.history.event(receipt.event_id, "eve")
    with pytest.raises(NotFoundError):
        await hub.history.steps(delivery.id, "eve")
    with pytest.raises(NotFoundError):
        await hub.replay(receipt.event_id, "eve")
    with pytest.raises(NotFoundError):
        await hub.contents.read(receipt.event_id, "eve")
    theirs = await hub.send("order.placed", 1, owner="eve")
    with pytest.raises(AccessDeniedError, match="does not belong to eve"):
        await hub.replay(theirs.id, "eve", "lead")
    assert await hub.replay(theirs.id, "eve") == ()


async def test_a_run_leaves_its_steps_and_stands_in_the_list_of_its_listener(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(listener("lead"), worker, replace=False)
    receipt = await hub.receive(request())
    job = await worker.next()
    await hub.dispatcher.finish(job.delivery.id, job.lease, DONE)
    (run,) = await hub.history.runs("lead", "ada", None, 10)
    assert {name: run[name] for name in ("id", "eventId", "eventKey", "status", "attempts", "error")} == {
        "id": str(job.delivery.id),
        "eventId": receipt.event_id,
        "eventKey": "order.placed",
        "status": "succeeded",
        "attempts": 1,
        "error": None,
    }
    assert await hub.history.steps(job.delivery.id, "ada") == list(DONE.steps)


async def test_a_part_of_a_content_is_read_without_the_rest(hub: Hub) -> None:
    receipt = await hub.receive(request(b"0123456789", content_type="text/plain"))
    parts = [(0, 3), (8, 5), (20, 5), (4, None)]
    read = [await hub.contents.read(receipt.event_id, "ada", offset, size) for offset, size in parts]
    assert read == [b"012", b"89", b"", b"456789"]


async def test_a_run_that_acts_as_somebody_else_still_reads_what_its_event_brought(hub: Hub) -> None:
    receipt = await hub.receive(request(b"hello", content_type="text/plain"))
    bob = HubAccess(hub, User("ada"), "http://127.0.0.1/pfnb").as_user(User("bob"))
    assert await bob.read_content(hub.reference_codes.signed(receipt.event_id, "ada")) == b"hello"
    theirs = await hub.send("order.placed", 1, owner="eve")
    with pytest.raises(NotFoundError):
        await bob.read_content(hub.reference_codes.signed(theirs.id, "eve"))


@pytest.mark.parametrize(
    ("payload_type", "content_type", "body", "reads"),
    [
        ("raw", "application/octet-stream", b"\0" * 3_000_000, False),
        ("outbound", "text/plain", b"x" * 3_000_000, False),
        ("raw", "application/json", b"[" + b"1," * 1_500_000 + b"1]", False),
        ("raw", "application/json", b'["' + b"x" * 3_000_000 + b'"]', True),
    ],
)
async def test_of_a_long_body_that_is_only_referred_to_one_piece_is_in_memory_at_once(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, payload_type: str, content_type: str, body: bytes, reads: bool
) -> None:
    await hub.webhooks.put({"uuid": UUID, "payloadType": payload_type}, "ada")
    receipt = await hub.receive(request(body, content_type=content_type))
    event = await hub.store.events.get(receipt.event_id)
    assert event is not None
    whole: list[str] = []
    read = hub.store.events.body

    async def counted(event_id: str) -> bytes:
        whole.append(event_id)
        return await read(event_id)

    monkeypatch.setattr(hub.store.events, "body", counted)
    payload = (await hub.history.object(event))["payload"]
    assert bool(whole) == reads
    if not reads:
        assert payload["contentLength"] == len(body)
        assert payload["checksum"] == f"sha-256={hashlib.sha256(body).hexdigest()}"
