"""A delivery that is sent again is stored once, and what failed of it is tried again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pfnb.hub.hub import Hub
from pfnb.hub.receiving.ingest import Ingest
from pfnb.hub.receiving.request import Limits, Received, RequestHead
from pfnb.hub.records.delivery import Outcome
from pfnb.hub.stores.memory import events
from pfnb.hub.stores.sql import additions
from tests.hub.conftest import UUID, RecordingWorker, listener

UNKNOWN = "99999999-6d6b-4f1e-9d5e-5b8f3f999999"
HEADERS = (
    "svix-id",
    "X-Shopify-Webhook-Id",
    "x-amz-sns-message-id",
    "X-Gitlab-Event-UUID",
    "X-Request-UUID",
    "X-Atlassian-Webhook-Identifier",
    "I-Twilio-Idempotency-Token",
)
DONE = Outcome(succeeded=True, value="done")
FAILED = Outcome(succeeded=False, error={"statusMessage": "no"})


def named(name: str = "X-GitHub-Delivery", value: str = "d1", body: bytes = b"{}", uuid: str = UUID) -> Received:
    ingest = Ingest(RequestHead("POST", f"uuid={uuid}", ((name, value),)), Limits(), Path("unused"))
    ingest.feed(body)
    return ingest.finish()


def sent(headers: dict[str, str], body: bytes = b"{}") -> Received:
    ingest = Ingest(RequestHead("POST", f"uuid={UUID}", tuple(headers.items())), Limits(), Path("unused"))
    ingest.feed(body)
    return ingest.finish()


def cloud_event(source: str, name: str) -> Received:
    return sent({"ce-id": name, "ce-source": source, "ce-type": "order.placed", "ce-specversion": "1.0"})


def structured(source: str, name: str) -> Received:
    body = b'{"specversion": "1.0", "type": "order.placed", "id": "%s", "source": "%s"}' % (
        name.encode(),
        source.encode(),
    )
    return sent({"Content-Type": "application/cloudevents+json; charset=utf-8"}, body)


def stripe(event: str) -> Received:
    return named("Stripe-Signature", "t=1,v1=ab", b'{"id": "%s", "object": "event"}' % event.encode())


@pytest.mark.parametrize(
    ("first", "again", "other"),
    [
        (named("X-GitHub-Delivery", "d1"), named("X-GitHub-Delivery", "d1"), named("X-GitHub-Delivery", "d2")),
        (named("webhook-id", "msg_1"), named("Webhook-Id", "msg_1"), named("webhook-id", "msg_2")),
        (named("Idempotency-Key", "a"), named("Idempotency-Key", "a"), named("Idempotency-Key", "b")),
        (stripe("evt_1"), stripe("evt_1"), stripe("evt_2")),
        (cloud_event("/a", "1"), cloud_event("/a", "1"), cloud_event("/b", "1")),
        (structured("/a", "1"), structured("/a", "1"), structured("/a", "2")),
        (structured("/a", "1"), structured("/a", "1"), cloud_event("/a", "1")),
        *((named(name, "1"), named(name, "1"), named(name, "2")) for name in HEADERS),
    ],
)
async def test_a_request_of_the_same_name_is_answered_with_the_first_ones_ids(
    hub: Hub, first: Received, again: Received, other: Received
) -> None:
    receipts = [await hub.receive(one) for one in (first, again, other)]
    ids = [(one.event_id, one.trace_id, one.correlation_id) for one in receipts]
    assert ids[0] == ids[1] != ids[2]
    assert [one.id for one in await hub.store.events.since(0, 10)] == [ids[0][0], ids[2][0]]
    await asyncio.sleep(0)
    assert hub.webhooks.get(UUID, "ada").received == 2


async def test_repetitions_that_come_at_once_are_stored_once(hub: Hub) -> None:
    worker = RecordingWorker()
    await hub.register(listener("lead"), worker, replace=False)
    receipts = await asyncio.gather(*(hub.receive(named()) for _ in range(10)))
    assert len({one.event_id for one in receipts}) == len(await hub.store.events.since(0, 100)) == 1
    job = await worker.next()
    await hub.dispatcher.finish(job.delivery.id, job.lease, DONE)
    assert worker.jobs.empty()


async def test_the_same_name_at_another_webhook_and_a_request_without_a_name_are_no_repetitions(hub: Hub) -> None:
    other = "1b0c6a8e-6d6b-4f1e-9d5e-5b8f3f6936bd"
    await hub.webhooks.put({"uuid": other, "eventKey": "order.placed"}, "ada")
    for received in (named(), named(uuid=other), named("X-Other", "d1"), named("X-Other", "d1")):
        await hub.receive(received)
    for _ in range(2):  # an id of a CloudEvent without its source names nothing
        await hub.receive(named("ce-id", "1"))
    assert len(await hub.store.events.since(0, 10)) == 6


async def test_nobody_learns_from_a_repetition_whether_a_webhook_exists(hub: Hub) -> None:
    first, again = [await hub.receive(named(uuid=UNKNOWN)) for _ in range(2)]
    assert (first.trace_id, first.correlation_id) == (again.trace_id, again.correlation_id)


async def test_what_failed_is_queued_again_and_the_rest_is_not(hub: Hub) -> None:
    failing, fine = RecordingWorker(), RecordingWorker()
    await hub.register(listener("failing"), failing, replace=False)
    await hub.register(listener("fine"), fine, replace=False)
    receipt = await hub.receive(named())
    for worker, outcome in ((failing, FAILED), (fine, DONE)):
        job = await worker.next()
        await hub.dispatcher.finish(job.delivery.id, job.lease, outcome)
    await hub.receive(named("X-Other", "comes meanwhile"))
    for worker in (failing, fine):
        job = await worker.next()
        await hub.dispatcher.finish(job.delivery.id, job.lease, DONE)
    again = await hub.receive(named(), wait=True)
    assert again.event_id == receipt.event_id
    job = await failing.next()
    assert (job.event.id, job.delivery.attempts) == (receipt.event_id, 0)
    await hub.dispatcher.finish(job.delivery.id, job.lease, DONE)
    assert again.answer is not None
    assert await again.answer == DONE
    assert fine.jobs.empty()
    assert (await hub.receive(named(), wait=True)).answer is None


async def test_after_a_day_the_same_name_is_another_delivery(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await hub.receive(named())
    for module in (events, additions):
        monkeypatch.setattr(module, "REPEAT_MILLISECONDS", 0)
    assert (await hub.receive(named())).event_id != first.event_id


async def test_a_body_that_is_not_kept_leaves_no_file(hub: Hub) -> None:
    async def upload() -> str:
        ingest = Ingest(RequestHead("POST", f"uuid={UUID}", (("Webhook-Id", "large"),)), Limits(), hub.settings.bodies)
        ingest.feed(b"x" * 100_000)
        return (await hub.receive(await asyncio.to_thread(ingest.finish))).event_id

    assert await upload() == await upload()
    await asyncio.sleep(0)
    await hub.tasks.close()
    assert len(list(hub.settings.bodies.iterdir())) == 1
