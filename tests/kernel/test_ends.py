"""Ends of runs that come close together go to the hub in one call, and each is answered for itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from pfnb.client import ends
from pfnb.client.ends import MOST, Ends
from pfnb.client.way import of_the_way
from pfnb.exceptions import AccessDeniedError, HubUnreachableError, RunLimitError


class RecordingHub:
    """Takes every call once `is_open`. It refuses a call with an end that is `wrong`, and does not store one that is `late`."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.is_open = asyncio.Event()
        self.is_open.set()

    async def call(self, method: str, arguments: Mapping[str, Any], body: bytes = b"", /) -> Any:
        assert (method, body) == ("finish_deliveries", b"")
        names = [end["delivery"] for end in arguments["ends"]]
        self.calls.append(names)
        await self.is_open.wait()
        if "lost" in names:
            raise of_the_way(HubUnreachableError("the hub is gone"))
        if "wrong" in names:
            raise RunLimitError("too long")
        return [AccessDeniedError("too late").to_json() if name == "late" else None for name in names]


async def reported(ends: Ends, *names: str, more: bool = False) -> list[BaseException | None]:
    return await asyncio.gather(*(ends.report({"delivery": name}, more=more) for name in names), return_exceptions=True)


async def test_ends_that_come_together_go_in_one_call_and_no_more_than_the_most() -> None:
    hub = RecordingHub()
    names = [str(number) for number in range(MOST + 2)]
    assert await reported(Ends(hub), *names) == [None] * len(names)
    assert hub.calls == [names[:MOST], names[MOST:]]


async def test_an_end_waits_for_the_next_run_only_if_that_begins_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ends, "SECONDS", 3600)
    hub = RecordingHub()
    mine = Ends(hub)
    first = asyncio.create_task(mine.report({"delivery": "first"}, more=True))
    for _ in range(10):
        await asyncio.sleep(0)
    assert hub.calls == []
    await mine.report({"delivery": "second"})
    await first
    assert hub.calls == [["first", "second"]]


async def test_an_end_waits_for_the_next_run_for_a_moment_only() -> None:
    hub = RecordingHub()
    assert await reported(Ends(hub), "first", more=True) == [None]


async def test_an_end_that_the_hub_does_not_store_fails_alone() -> None:
    hub = RecordingHub()
    first, late, last = await reported(Ends(hub), "first", "late", "last")
    assert (first, type(late), last) == (None, AccessDeniedError, None)
    assert hub.calls == [["first", "late", "last"]]


async def test_an_end_that_cannot_be_sent_does_not_keep_the_others_from_the_hub() -> None:
    hub = RecordingHub()
    first, wrong, last = await reported(Ends(hub), "first", "wrong", "last")
    assert (first, type(wrong), last) == (None, RunLimitError, None)
    assert hub.calls == [["first", "wrong", "last"], ["first"], ["wrong"], ["last"]]


async def test_every_end_learns_that_the_hub_is_gone() -> None:
    errors = await reported(Ends(RecordingHub()), "first", "lost")
    assert [type(error) for error in errors] == [HubUnreachableError] * 2


async def test_later_ends_do_not_wait_for_the_answer_to_earlier_ones() -> None:
    hub = RecordingHub()
    mine = Ends(hub)
    hub.is_open.clear()
    first = asyncio.create_task(reported(mine, "first"))
    while len(hub.calls) < 1:
        await asyncio.sleep(0)
    second = asyncio.create_task(reported(mine, "second"))
    while len(hub.calls) < 2:
        await asyncio.sleep(0)
    hub.is_open.set()
    assert (await first, await second) == ([None], [None])


async def test_nothing_is_sent_after_the_close() -> None:
    hub = RecordingHub()
    mine = Ends(hub)
    waiting = asyncio.create_task(mine.report({"delivery": "first"}, more=True))
    await asyncio.sleep(0)
    await mine.close()
    await asyncio.sleep(2 * ends.SECONDS)
    assert (hub.calls, waiting.done()) == ([], False)
    waiting.cancel()
