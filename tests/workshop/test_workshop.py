"""Work that is done in processes that can be killed: what may happen to it, and who gets such a process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from pfnb.commands.formats.csv import read_rows
from pfnb.exceptions import BusyError, ParameterError, RunLimitError, StepError
from pfnb.language import budget
from pfnb.language.budget import Budget
from pfnb.language.pel.values import Array
from pfnb.workshop import __main__ as child_main
from pfnb.workshop import child, pool, wire
from tests.workshop import jobs

CHILD = "from pfnb.workshop import __main__ as m; m.OWN += ('tests.',); m.main()"


@pytest.fixture(autouse=True)
def own_pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[pool.Pool]:
    """A pool for one test, whose children take jobs from these tests, too."""
    own = pool.Pool()
    monkeypatch.setattr(pool, "_pool", lambda: own)
    start = f"import sys; sys.path.insert(0, {str(Path.cwd())!r})\n{CHILD}"
    monkeypatch.setattr(child, "START", ("-c", start))
    yield own
    own.close()


def test_a_child_does_one_job_after_another() -> None:
    first = pool.call(jobs.pid)
    assert first != os.getpid()
    assert pool.call(jobs.pid, {"a": Array([1]), "b": b"\xff"}) == first


def test_small_work_is_done_here() -> None:
    assert pool.call_if_large(pool.SMALL, jobs.pid) == os.getpid() != pool.call_if_large(pool.SMALL + 1, jobs.pid)


@pytest.mark.parametrize(
    ("job", "message"),
    [
        (jobs.loop_in_c, r"more than (0\.3 s of processor time|0\.8 s): give it less data"),
        (jobs.fill_memory, "more than 128 MiB of memory: give it less data"),
        (jobs.crash, "ended its process .status -11."),
    ],
)
def test_a_job_that_goes_too_far_is_ended_and_the_next_is_done(job: Any, message: str) -> None:
    with (
        budget.granted(Budget(seconds=0.3 if job is jobs.loop_in_c else 3)),
        pytest.raises(RunLimitError, match=message),
    ):
        pool.call(job)
    assert pool.call(jobs.pid)


def test_a_job_that_waits_is_ended_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "WALL_SECONDS", 0.5)
    with pytest.raises(RunLimitError, match=r"more than 0\.5 s: give it less data"):
        pool.call(jobs.wait)


def test_a_job_may_wait_for_the_processor_only_for_a_while() -> None:
    with (
        budget.granted(Budget(seconds=0.1)),
        pytest.raises(RunLimitError, match=r"more than 0\.6 s: give it less data, or"),
    ):
        pool.call(jobs.wait)


def test_all_jobs_of_a_step_together_use_its_budget() -> None:
    with budget.granted(Budget(seconds=0.2)):
        with pytest.raises(RunLimitError):
            pool.call(jobs.loop_in_c)
        with pytest.raises(RunLimitError):
            pool.call(jobs.pid)


def test_errors_are_those_of_the_function() -> None:
    with pytest.raises(ParameterError, match="the schema is wrong") as caught:
        pool.call(jobs.refuse, "the schema")
    assert caught.value.line == 3
    with pytest.raises(StepError, match="ZeroDivisionError: division by zero"):
        pool.call(jobs.stumble)


def test_nothing_but_data_goes_between_the_two(own_pool: pool.Pool) -> None:
    with pytest.raises(StepError, match="cannot pickle 'module' object"):
        pool.call(jobs.return_an_object)
    with pytest.raises(Exception, match="not plain data"):
        wire.decoded(wire.encoded(os.path.join))
    assert pool.call(jobs.print_something) == 1


def test_a_child_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PFNB_TOKEN", "PFNB_HUB", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "secret")
    assert "secret" not in pool.call(jobs.environment).values()


def test_a_child_that_ended_for_want_of_work_is_replaced(own_pool: pool.Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    ends_soon = "from pfnb.workshop import __main__ as m; m.IDLE_SECONDS = 0.2; m.main()"
    monkeypatch.setattr(child, "START", ("-c", ends_soon))
    assert pool.call(read_rows, "a", ",") == [["a"]]
    first = own_pool._idle[0]
    first._process.wait(30)
    assert pool.call(read_rows, "a", ",") == [["a"]]
    assert own_pool._idle[0].pid != first.pid


def test_an_idle_child_ends_by_itself() -> None:
    assert child_main.IDLE_SECONDS == 60
    code = "from pfnb.workshop import __main__ as m; m.IDLE_SECONDS = 0.1; m.main()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.wait(30) == 0


def test_children_end_with_their_parent() -> None:
    code = (
        "import os; from pfnb.workshop import pool; from pfnb.commands.formats.csv import read_rows;"
        "pool.call(read_rows, 'a', ',');"
        "print(pool._pool()._idle[0].pid, flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60)
    pid = int(done.stdout)
    ends = time.monotonic() + 30
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < ends
        time.sleep(0.02)


def as_owner(owner: str, job: Any, seconds: float) -> Any:
    with budget.granted(Budget(owner, seconds=seconds)):
        return pool.call(job)


def test_one_owner_does_not_take_the_turns_of_the_others() -> None:
    with ThreadPoolExecutor(16) as threads:
        greedy = [threads.submit(as_owner, "mallory", jobs.loop_in_c, 0.4) for _ in range(10)]
        while not pool._pool()._waiting:
            time.sleep(0.001)
        assert threads.submit(as_owner, "ada", jobs.pid, 1.0).result()
        assert sum(each.done() for each in greedy) < 6
        for each in greedy:
            assert isinstance(each.exception(), RunLimitError)


def test_too_much_that_waits_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "MOST_WAITING_OF_ONE", 1)
    with ThreadPoolExecutor(16) as threads:
        greedy = [threads.submit(as_owner, "mallory", jobs.loop_in_c, 0.3) for _ in range(10)]
        assert {type(each.exception()) for each in greedy} == {RunLimitError, BusyError}


def test_what_is_nested_too_deeply_is_refused() -> None:
    value: Any = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(ParameterError, match="nested too deeply"):
        pool.call(jobs.pid, value)
    while value:  # or it would take the stack with it
        value = value.pop()


def test_a_job_may_come_from_any_thread() -> None:
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(pool.call(jobs.pid))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) <= pool.MOST_CHILDREN
