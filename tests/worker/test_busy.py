"""What a stored pipeline in a loop that only computes does to the others, and to the receiver: nothing that is felt."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from statistics import median

import pytest

from tests.live.computing import COMPUTING, KEY
from tests.worker.conftest import Hub

BUSY = "global/app/demo/pipeline/busy"


async def milliseconds(call: Callable[[], Awaitable[object]]) -> float:
    """How long the call usually takes: other programs of this machine may hold up some."""
    taken = []
    for _ in range(60):
        began = time.perf_counter()
        await call()
        taken.append(1000 * (time.perf_counter() - began))
    return median(taken)


@pytest.mark.alone
@pytest.mark.parametrize("hub", ["sqlite"], indirect=True)
async def test_a_pipeline_that_only_computes_holds_up_neither_the_others_nor_the_receiver(hub: Hub) -> None:
    await hub.save('body.set: "#{body.payload}"')
    await hub.answer(1)
    answered, received = await milliseconds(hub.answer), await milliseconds(hub.send)
    await hub.put(BUSY, COMPUTING)
    await hub.server.hub.send(KEY, None, owner="ada")
    await hub.ended("running", BUSY)
    assert await milliseconds(hub.answer) < 3 * answered + 10
    assert await milliseconds(hub.send) < 2 * received + 1
    await hub.ended("running", BUSY)
