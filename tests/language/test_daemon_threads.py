"""Threads that keep no process from ending."""

from __future__ import annotations

import threading

import pytest

from pfnb.language.daemon_threads import DaemonThreads


@pytest.fixture
def threads():
    threads = DaemonThreads(4, "step")
    yield threads
    threads.shutdown()


def test_a_call_has_its_result_or_its_error(threads):
    assert threads.submit(pow, 2, exp=5).result(5) == 32
    with pytest.raises(ZeroDivisionError):
        threads.submit(lambda: 1 / 0).result(5)


def test_even_a_call_that_exits_leaves_its_thread_alive(threads):
    with pytest.raises(SystemExit):
        threads.submit(exec, "raise SystemExit").result(5)
    assert threads.submit(lambda: 1).result(5) == 1


def test_idle_threads_are_used_again(threads):
    names = {threads.submit(lambda: threading.current_thread().name).result(5) for _ in range(20)}
    assert len(names) <= 2


def test_as_many_at_once_as_allowed_and_the_rest_waits(threads):
    go_on, running = threading.Event(), threading.Semaphore(0)

    def work():
        running.release()
        return go_on.wait(5)

    futures = [threads.submit(work) for _ in range(6)]
    for _ in range(4):
        assert running.acquire(timeout=5)
    assert not running.acquire(timeout=0.05)
    go_on.set()
    assert all(future.result(5) for future in futures)


def test_a_stuck_call_does_not_keep_the_interpreter():
    import subprocess
    import sys

    code = (
        "import time\nfrom pfnb.language.daemon_threads import DaemonThreads\n"
        "DaemonThreads(1, 'step').submit(time.sleep, 3600)\nprint('end')"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=20, check=True).stdout == b"end\n"


def test_after_the_end_its_threads_are_gone_and_it_takes_no_more(threads):
    threads.submit(lambda: None).result(5)
    threads.shutdown()
    for thread in threading.enumerate():
        if thread.name.startswith("step-"):
            thread.join(5)
            assert not thread.is_alive()
    with pytest.raises(RuntimeError, match="unloaded"):
        threads.submit(lambda: None)
