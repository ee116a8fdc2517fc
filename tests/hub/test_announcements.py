"""Listeners get what a webhook received a moment after the answer, in the sequence of the commits."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from pfnb.hub.dispatch import announcements
from pfnb.hub.hub import Hub
from tests.hub.conftest import RecordingWorker, listener, request


@pytest.fixture
async def worker(hub: Hub) -> RecordingWorker:
    """A worker of a listener that has caught up: from here on it waits for announcements."""
    worker = RecordingWorker(ahead=5)
    await hub.register(listener("lead"), worker, replace=False)
    await hub.send("order.placed", {}, owner="ada")
    await worker.next()
    return worker


@pytest.fixture
def pause(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    def of(seconds: float) -> None:
        monkeypatch.setattr(announcements, "SHORTEST", seconds)
        monkeypatch.setattr(announcements, "LONGEST", seconds)

    return of


async def test_work_for_listeners_begins_after_the_answer_is_read(
    hub: Hub, worker: RecordingWorker, pause: Callable[[float], None]
) -> None:
    pause(0.2)
    begun = time.monotonic()
    receipt = await hub.receive(request())
    assert time.monotonic() - begun < 0.2
    assert (await worker.next()).event.id == receipt.event_id
    assert time.monotonic() - begun >= 0.2


async def test_who_waits_for_an_answer_does_not_wait_for_the_announcement_and_overtakes_nobody(
    hub: Hub, worker: RecordingWorker, pause: Callable[[float], None]
) -> None:
    pause(3600)
    first = await hub.receive(request(b"1"))
    second = await hub.receive(request(b"2"), wait=True)
    assert [(await worker.next()).event.id, (await worker.next()).event.id] == [first.event_id, second.event_id]


async def test_what_is_sent_from_a_notebook_is_announced_at_once(
    hub: Hub, worker: RecordingWorker, pause: Callable[[float], None]
) -> None:
    pause(3600)
    sent = await hub.send("order.placed", {}, owner="ada")
    assert (await worker.next()).event.id == sent.id
