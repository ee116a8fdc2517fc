"""Threads in which every owner has a share."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading

import pytest

from pfnb.exceptions import BusyError
from pfnb.language import threads as module
from pfnb.language.threads import RunStopped, Threads


def test_one_owners_calls_leave_room_for_another() -> None:
    threads, gate, begun = Threads("test", threads=4, share=2), threading.Event(), threading.Semaphore(0)

    def block() -> None:
        begun.release()
        gate.wait(10)

    futures = [threads.submit("mallory", block) for _ in range(20)]
    assert all(begun.acquire(timeout=10) for _ in range(2))
    assert threads.submit("ada", lambda: "at once").result(10) == "at once"
    assert not begun.acquire(blocking=False)
    gate.set()
    assert [future.result(10) for future in futures] == [None] * 20


def test_owners_that_wait_take_turns() -> None:
    threads, gate, order = Threads("test", threads=1, share=1), threading.Event(), []
    first = threads.submit("mallory", lambda: gate.wait(10))
    futures = [threads.submit("mallory", lambda number=number: order.append(number)) for number in range(5)]
    futures.append(threads.submit("ada", lambda: order.append("ada")))
    gate.set()
    for future in [first, *futures]:
        future.result(10)
    assert order.index("ada") <= 1


def test_too_many_that_wait_are_refused_and_errors_are_the_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 2)
    threads, gate = Threads("test", threads=1, share=1), threading.Event()
    futures = [threads.submit("mallory", lambda: gate.wait(10)) for _ in range(3)]
    with pytest.raises(BusyError, match="are waiting already"):
        threads.submit("mallory", lambda: None)
    failing = threads.submit("ada", lambda: 1 / 0)
    gate.set()
    assert all(future.result(10) for future in futures)
    with pytest.raises(ZeroDivisionError):
        failing.result(10)


def test_a_call_that_is_given_up_before_it_begins_never_runs() -> None:
    threads, gate, ran = Threads("test", threads=1, share=1), threading.Event(), []
    first = threads.submit("ada", lambda: gate.wait(10))
    second = threads.submit("ada", lambda: ran.append(1))
    assert second.cancel()
    gate.set()
    first.result(10)
    assert threads.submit("ada", lambda: 2).result(10) == 2
    assert ran == []


def test_a_call_that_is_stopped_after_it_got_a_thread_but_before_it_begins_never_runs() -> None:
    threads, gate, ran = Threads("test", threads=1, share=1), threading.Event(), []
    first = threads.submit("ada", lambda: gate.wait(10))
    second = threads.submit("ada", lambda: ran.append(1))
    # The thread sets the result of the first after it was given the second.
    first.add_done_callback(lambda _: threads.stop(second))
    gate.set()
    with pytest.raises(RunStopped):
        second.result(10)
    assert threads.submit("ada", lambda: 2).result(10) == 2
    assert ran == []


_TRACED = """
import sys
from pfnb.language.threads import RunStopped, Threads

assert Threads("t", threads=1, share=1).submit("ada", lambda: 7).result(10) == 7

def untraced():
    sys._getframe().f_trace = None
    return 7

sys.settrace(lambda frame, event, arg: None)
untraced()
"""


def test_after_a_call_a_debugger_can_still_be_started() -> None:
    # An interrupt that is taken back makes Python look for it for ever: traced code then does not end.
    subprocess.run([sys.executable, "-c", _TRACED], check=True, timeout=20)


def test_an_interrupt_that_comes_as_a_call_ends_does_not_hit_the_next_one() -> None:
    threads = Threads("pfnb-test", threads=1, share=1)
    for _ in range(200):
        begun = threading.Event()
        call = threads.submit("ada", begun.set)
        begun.wait(10)
        threads.interrupt()
        with contextlib.suppress(RunStopped):
            call.result(10)
        assert threads.submit("ada", lambda: 7).result(10) == 7
