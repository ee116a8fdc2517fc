"""What stands under the cell of a listening pipeline."""

from __future__ import annotations

import asyncio
import base64
import json

import pytest

from pfnb.exceptions import HubUnreachableError
from pfnb.kernel.board import EVENTS, Board, empty_bundle
from pfnb.kernel.event import Unreadable

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


class Pictures:
    def read(self, content_id):
        return PNG


class Front:
    """A front end: what was published, and waiting for it."""

    def __init__(self):
        self.bundles = []

    def publish(self, bundle):
        self.bundles.append(bundle)

    async def shows(self, *words):
        async with asyncio.timeout(10):
            while not (self.bundles and all(word in str(self.bundles[-1]) for word in words)):
                await asyncio.sleep(0.005)
        return self.bundles[-1]


@pytest.fixture
def front():
    return Front()


def begun(front, contents=None):
    board = Board("lead listens for lead.*", contents or Unreadable(), front.publish)
    board.begin()
    return board


def event(number, payload=None, files=(), **more):
    """A log row and an event object."""
    body = json.dumps(payload).encode()
    entry = {
        "id": f"e{number}",
        "eventKey": "lead.created",
        "created": 1682349730659 + number,
        "method": "POST",
        "contentType": "application/json",
        "contentLength": len(body),
        "headers": {},
        "query": {},
        "fields": {},
        "files": list(files),
        "deliveries": [{"listener": "lead", "status": "running", "attempts": 1, "error": None}],
        **more,
    }
    return entry, {"id": f"e{number}", "payload": payload}


def test_before_the_first_event_it_is_one_line():
    bundle = empty_bundle("lead listens for lead.*")
    assert bundle["text/plain"] == "lead listens for lead.*"
    assert "lead listens for lead.*" in bundle["text/html"]
    assert empty_bundle("<b>")["text/html"].count("<b>") == 0


async def test_a_running_event_is_shown_and_then_its_end(front):
    board = begun(front)
    board.show(*event(1, {"name": "Ada"}), "running")
    await front.shows("running", "Ada")
    board.show(*event(1, {"name": "Ada"}), "failed", {"errorType": "StepError", "statusMessage": "no", "line": 4})
    await front.shows("failed", "StepError: no", "line 4")


async def test_payloads_are_shown_without_asking_the_hub(front):
    board = begun(front)
    for number, payload in enumerate(({"name": "Ada"}, "plain text", {"origin": base64.b64encode(b"Eve").decode()})):
        board.show(*event(number, payload), "succeeded")
        bundle = await front.shows(("Ada", "plain text", "Eve")[number])
    assert bundle["text/plain"].startswith("lead listens for lead.*\n")


async def test_pictures_of_the_newest_event_are_shown(front):
    board = begun(front, Pictures())
    file = {"field": "p", "filename": "a.png", "contentType": "image/png", "size": len(PNG), "sha256": "00"}
    board.show(*event(1, None, [file]), "succeeded")
    await front.shows("data:image/png;base64,")


async def test_a_hub_that_is_gone_leaves_out_the_pictures_only(front):
    class Gone:
        def read(self, content_id):
            raise HubUnreachableError("gone")

    board = begun(front, Gone())
    file = {"field": "p", "filename": "a.png", "contentType": "image/png", "size": len(PNG), "sha256": "00"}
    board.show(*event(1, None, [file]), "succeeded")
    bundle = await front.shows("a.png", "succeeded")
    assert "data:image" not in bundle["text/html"]


async def test_it_keeps_the_last_events_and_counts_the_rest(front):
    board = begun(front)
    for number in range(50):
        board.show(*event(number, {"n": number}), "succeeded")
    bundle = await front.shows("49 events")
    assert f"… {50 - EVENTS} more" in bundle["text/plain"]


async def test_a_flood_of_events_is_drawn_seldom(front):
    board = begun(front)
    for number in range(300):
        board.show(*event(number, {"n": number}), "succeeded")
        await asyncio.sleep(0)
    await front.shows("299 events")
    assert len(front.bundles) < 5


async def test_an_event_that_was_not_wanted_is_forgotten(front):
    board = begun(front)
    board.show(*event(1, "first"), "succeeded")
    board.show(*event(2, "second"), "running")
    board.forget("e2")
    bundle = await front.shows("first")
    assert "second" not in str(bundle)


async def test_what_was_logged_is_shown_and_inert(front):
    board = begun(front)
    board.log("WARN", "<script>alert(1)</script>")
    board.show(*event(1), "succeeded")
    bundle = await front.shows("WARN  ")
    assert "<script>" not in bundle["text/html"]
    assert "WARN  <script>" in bundle["text/plain"]


async def test_it_says_when_nothing_will_come_any_more(front):
    board = begun(front)
    board.show(*event(1), "succeeded")
    board.close("lead listens here no more")
    bundle = await front.shows("lead listens here no more")
    assert "listens for" not in bundle["text/plain"]


async def test_nothing_is_replaced_before_the_cell_shows_it(front):
    board = Board("lead listens for lead.*", Unreadable(), front.publish)
    board.show(*event(1), "succeeded")
    await asyncio.sleep(0.3)
    assert front.bundles == []
    board.begin()
    await front.shows("succeeded")


async def test_where_displays_cannot_be_replaced_nothing_is_published():
    board = Board("lead listens for lead.*", Unreadable(), None)
    board.begin()
    board.show(*event(1), "succeeded")
    assert len(asyncio.all_tasks()) == 1
