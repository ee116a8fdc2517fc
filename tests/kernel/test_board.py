"""What is shown under the cell of a listening pipeline."""

from __future__ import annotations

import asyncio
import base64
import json
import threading

import pytest

from pfnb.client.contents import Unreadable
from pfnb.exceptions import HubUnreachableError
from pfnb.kernel.board.board import EVENTS, Board
from pfnb.kernel.board.figures import FIGURES
from pfnb.kernel.board.picture import empty_bundle
from pfnb.kernel.board.printed import LINES, Printed
from tests.live.rows import listed_row

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


class Pictures:
    def read(self, content_id, size=0):
        return PNG


class Front:
    """A front end: what was published, and waiting for it."""

    def __init__(self):
        self.bundles = []
        self.figures = ()

    def replace(self, bundle):
        self.bundles.append(bundle)

    def show_figures(self, figures):
        self.figures = [figure.data["text/plain"] for figure in figures]

    async def shows(self, *words):
        async with asyncio.timeout(10):
            while not (self.bundles and all(word in str(self.bundles[-1]) for word in words)):
                await asyncio.sleep(0.005)
        return self.bundles[-1]


@pytest.fixture
def front():
    return Front()


def begun(front, contents=None):
    board = new_board(front, contents or Unreadable())
    board.begin()
    return board


def new_board(front, contents=None):
    return Board("lead listens for lead.*", contents or Unreadable(), front, asyncio.get_running_loop())


def event(number, payload=None, files=(), **more):
    """A log row and an event object."""
    entry = listed_row(
        number,
        id=f"e{number}",
        eventKey="lead.created",
        created=1682349730659 + number,
        contentLength=len(json.dumps(payload).encode()),
        headers={},
        files=list(files),
        deliveries=[{"listener": "lead", "status": "running", "attempts": 1, "error": None}],
        **more,
    )
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
        def read(self, content_id, size=0):
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
    board.close("lead no longer listens here")
    bundle = await front.shows("lead no longer listens here")
    assert "listens for" not in bundle["text/plain"]


async def test_nothing_is_replaced_before_the_cell_shows_it(front):
    board = new_board(front)
    board.show(*event(1), "succeeded")
    await asyncio.sleep(0.3)
    assert front.bundles == []
    board.begin()
    await front.shows("succeeded")


async def test_where_displays_cannot_be_replaced_nothing_is_published():
    board = new_board(None)
    board.begin()
    board.show(*event(1), "succeeded")
    assert len(asyncio.all_tasks()) == 1


async def test_what_is_printed_is_shown_though_no_event_comes(front):
    board = begun(front)
    await asyncio.to_thread(board.write, "stdout", "from a thread\n")
    assert "from a thread" in (await front.shows("from a thread"))["text/plain"]


async def test_a_flood_of_prints_is_drawn_seldom_and_cut(front):
    board = begun(front)
    for number in range(5000):
        board.write("stdout", f"line {number}\n")
        if number % 50 == 0:
            await asyncio.sleep(0)
    bundle = await front.shows("line 4999")
    assert f"… {5000 - LINES:,} earlier lines" in bundle["text/plain"]
    assert "line 4899\n" not in bundle["text/plain"]
    assert len(front.bundles) < 5


async def test_errors_are_told_from_other_lines(front):
    begun(front).write("stderr", "<b>wrong</b>\n")
    assert '<span class="pfnb-error">&lt;b&gt;wrong' in (await front.shows("wrong"))["text/html"]


async def test_the_last_displays_are_kept_and_the_rest_counted(front):
    board = begun(front)
    for number in range(FIGURES + 3):
        assert board.display({"text/plain": f"figure {number}"}, {}, None, False)
    await front.shows("… 3 earlier displays")
    assert front.figures == [f"figure {number}" for number in range(3, FIGURES + 3)]


async def test_a_display_is_updated_where_it_stands_and_a_foreign_one_is_not_taken(front):
    board = begun(front)
    for number in range(2):
        board.display({"text/plain": "old"}, {}, f"id{number}", False)
    assert board.display({"text/plain": "new"}, {}, "id0", True)
    assert not board.display({"text/plain": "new"}, {}, "elsewhere", True)
    await front.shows("listens")
    assert front.figures == ["new", "old"]


async def test_clearing_forgets_what_was_printed_and_displayed(front):
    board = begun(front)
    board.write("stdout", "before\n")
    board.display({"text/plain": "before"}, {}, None, False)
    board.clear()
    board.write("stdout", "after\n")
    bundle = await front.shows("after")
    assert "before" not in bundle["text/plain"]
    assert front.figures == []


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        (["a\nb\n"], ["a", "b"]),
        (["a", "b", "\n", "\n", "c"], ["ab", "", "c"]),
        (["10%", "\r20%", "\r", "30%\r\n", "done"], ["30%", "done"]),
        (["\x1b[31mred\x1b[0m\n"], ["red"]),
        (["x" * 5000 + "\n"], ["x" * 1000]),
        (["open", "\n" * 500 + "end"], [""] * (LINES - 1) + ["end"]),
    ],
)
def test_pieces_of_text_become_lines(pieces, lines):
    printed = Printed()
    for piece in pieces:
        printed.write("stdout", piece)
    shown, earlier = printed.last()
    assert [text for _, text in shown] == lines
    assert len(shown) + earlier == (sum(piece.count("\n") for piece in pieces) + (not pieces[-1].endswith("\n")))


def test_streams_and_threads_do_not_write_into_each_others_lines():
    printed = Printed()
    printed.write("stdout", "out")
    printed.write("stderr", "err")
    thread = threading.Thread(target=printed.write, args=("stdout", "other\n"))
    thread.start()
    thread.join()
    printed.write("stdout", "put\n")
    assert printed.last()[0] == (("stdout", "output"), ("stderr", "err"), ("stdout", "other"))
