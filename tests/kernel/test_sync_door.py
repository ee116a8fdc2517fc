"""The door between threads and the background loop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from pfnb.exceptions import HubUnreachableError, NotFoundError, WaitTimeoutError
from pfnb.kernel.loop.sync_door import SyncDoor


@pytest.fixture
def door() -> Iterator[SyncDoor]:
    door = SyncDoor()
    door.start()
    yield door
    door.stop()


def in_thread(function):
    """Run a function in another thread; its result, or its exception."""
    outcome = {}

    def work():
        try:
            outcome["value"] = function()
        except Exception as error:
            outcome["error"] = error

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(10)
    if "error" in outcome:
        raise outcome["error"]
    return outcome["value"]


async def thread_name() -> str:
    return threading.current_thread().name


def test_a_coroutine_runs_on_the_background_thread(door):
    assert door.run_sync(thread_name()) == "pfnb-io"


def test_another_thread_may_enter(door):
    assert in_thread(lambda: door.run_sync(thread_name())) == "pfnb-io"


def test_another_loop_awaits_without_being_held_up(door):
    async def program():
        return await asyncio.gather(door.run(thread_name()), door.run(door.run(thread_name())))

    assert asyncio.run(program()) == ["pfnb-io", "pfnb-io"]


def test_main_thread_work_is_done_while_the_main_thread_waits(door):
    async def step():
        return await door.on_main(lambda: threading.current_thread().name)

    assert door.run_sync(step()) == "MainThread"


def test_main_thread_work_may_enter_the_door_and_cause_more_of_it(door):
    async def inner():
        return await door.on_main(lambda: "inner " + threading.current_thread().name)

    async def outer():
        return await door.on_main(lambda: door.run_sync(inner()))

    assert door.run_sync(outer()) == "inner MainThread"


def test_main_thread_work_of_several_runs_is_all_done(door):
    async def step(number):
        return await door.on_main(lambda: door.run_sync(asyncio.sleep(0.001 * number, number)))

    async def steps():
        return await asyncio.gather(*(step(number) for number in range(20)))

    assert door.run_sync(steps()) == list(range(20))


def test_an_error_of_main_thread_work_is_raised_in_its_step(door):
    async def step():
        with pytest.raises(ZeroDivisionError):
            await door.on_main(lambda: 1 / 0)
        return "caught"

    assert door.run_sync(step()) == "caught"


def test_main_thread_work_that_exits_leaves_the_background_loop_alive(door):
    async def step():
        await door.on_main(lambda: exec("raise SystemExit(3)"))

    with pytest.raises(SystemExit):
        door.run_sync(step())
    assert door.run_sync(thread_name()) == "pfnb-io"


def test_a_coroutine_that_exits_leaves_the_background_loop_alive(door):
    async def step():
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        door.run_sync(step())
    assert door.run_sync(thread_name()) == "pfnb-io"


def test_a_coroutine_on_the_loop_may_enter_again(door):
    async def step():
        return [door.run_sync(thread_name()) for _ in range(3)], door.run_sync(asyncio.sleep(0.01, "slept"))

    assert door.run_sync(step()) == (["pfnb-io"] * 3, "slept")


def test_entering_again_leaves_other_loops_and_asyncio_run_as_they_were(door):
    run = asyncio.run

    async def step():
        return door.run_sync(thread_name())

    door.run_sync(step())
    assert asyncio.run is run
    assert not hasattr(asyncio, "_nest_patched")
    assert not hasattr(asyncio.SelectorEventLoop, "_nest_patched")


def test_the_loop_goes_on_while_a_step_has_entered_again(door):
    ticks = []

    async def tick():
        while True:
            ticks.append(1)
            await asyncio.sleep(0.001)

    async def step():
        task = asyncio.ensure_future(tick())
        door.run_sync(asyncio.sleep(0.05))
        task.cancel()
        return len(ticks)

    assert door.run_sync(step()) > 3


@pytest.mark.parametrize("enter", [lambda function: function(), in_thread])
def test_a_timeout_cancels_the_coroutine(door, enter):
    cancelled = threading.Event()

    async def forever():
        try:
            await asyncio.sleep(3600)
        finally:
            cancelled.set()

    with pytest.raises(WaitTimeoutError):
        enter(lambda: door.run_sync(forever(), 0.05))
    assert cancelled.wait(5)


def test_a_timeout_error_of_the_coroutine_is_its_own(door):
    async def fail():
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        door.run_sync(fail(), 5)


@pytest.mark.parametrize("handler", [signal.default_int_handler, lambda *_: None])
def test_an_interrupt_cancels_the_coroutine_whatever_handler_is_set(door, handler):
    cancelled = threading.Event()

    async def forever():
        await door.on_main(lambda: None)  # done only once the main thread waits
        try:
            signal.raise_signal(signal.SIGINT)
            await asyncio.sleep(3600)
        finally:
            cancelled.set()

    before = signal.signal(signal.SIGINT, handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            door.run_sync(forever())
        assert cancelled.wait(5)
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_our_own_errors_arrive_without_the_frames_of_the_background(door):
    async def fail():
        raise NotFoundError("nothing")

    with pytest.raises(NotFoundError) as caught:
        door.run_sync(fail())
    assert "fail" not in [entry.name for entry in caught.traceback]


def test_a_stopped_door_says_what_to_do(door):
    door.stop()
    with pytest.raises(HubUnreachableError, match="%load_ext pfnb"):
        door.run_sync(thread_name())


def test_stopping_cancels_what_runs_and_ends_the_thread(door):
    ended = threading.Event()

    async def forever():
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()

    async def start():
        door.task = asyncio.ensure_future(forever())
        await asyncio.sleep(0)

    door.run_sync(start())
    door.stop()
    assert ended.is_set()
    assert "pfnb-io" not in [thread.name for thread in threading.enumerate()]


def test_main_thread_work_runs_when_the_kernels_loop_is_idle():
    async def program():
        door = SyncDoor(asyncio.get_running_loop())
        door.start()
        try:
            return await door.run(door.on_main(lambda: threading.current_thread().name))
        finally:
            door.stop()

    assert asyncio.run(program()) == "MainThread"


def test_an_interrupt_of_main_thread_work_in_an_idle_kernel_ends_only_that_work():
    def interrupted():
        raise KeyboardInterrupt

    async def program():
        door = SyncDoor(asyncio.get_running_loop())
        door.start()
        try:
            with pytest.raises(RuntimeError, match="KeyboardInterrupt"):
                await door.run(door.on_main(interrupted))
            return await door.run(door.on_main(lambda: "alive"))
        finally:
            door.stop()

    assert asyncio.run(program()) == "alive"


def test_waiting_costs_no_processor_time(door):
    before = time.process_time()
    with contextlib.suppress(WaitTimeoutError):
        door.run_sync(asyncio.sleep(3600), 0.5)
    assert time.process_time() - before < 0.2
