"""The one sync door in a real kernel, while cells queue up behind the one that waits: nothing deadlocks, nothing is lost."""

from __future__ import annotations

import json

import pytest

from tests.kernel.test_listening import WHEN_IT_WAITS

COMMANDS = """
import asyncio, threading, time
order = []
RUN = "pipeline: [{note: {what: '%s', main: %s}}]"

@pfnb.command("note", main=True)
def note(what: str):
    order.append([what, threading.current_thread() is threading.main_thread()])
    return what

@pfnb.command("nest.thread")
def nest_thread(what: str):
    return pfnb.run(RUN % (what, "true")).body

@pfnb.command("nest.loop")
async def nest_loop(what: str):
    return pfnb.run(RUN % (what, "true")).body

@pfnb.command("nest.await")
async def nest_await(what: str):
    return (await pfnb.arun(RUN % (what, "true"))).body

@pfnb.command("nest.main", main=True)
def nest_main(what: str):
    return pfnb.run(RUN % (what, "true")).body
"""
WAYS = ("nest.thread", "nest.loop", "nest.await", "nest.main")


@pytest.fixture(scope="module")
def queue(shared):
    """Submits cells at once; what their runs noted, in order."""
    shared.ok(COMMANDS)

    def run(cells):
        shared.ok("order.clear()")
        submitted = [shared.submit(cell) for cell in cells]
        for cell in submitted:
            result = shared.result(cell)
            assert result.status == "ok", result.error
        return json.loads(shared.ok("import json; print(json.dumps(order))").stdout)

    return run


def test_cells_that_run_pipelines_keep_their_order(queue):
    cells = [
        f"order.append('cell {number}')\nassert pfnb.run(\"pipeline: [{{{way}: {{what: {number}}}}}]\").body == '{number}'"
        for number, way in enumerate(WAYS * 4)
    ]
    assert queue(cells) == [item for n in range(len(cells)) for item in (f"cell {n}", [f"{n}", True])]


def test_cells_that_await_pipelines_keep_their_order(queue):
    cells = [
        f"order.append('cell {number}')\nawait asyncio.sleep(0)\n"
        f"assert (await pfnb.arun(\"pipeline: [{{{way}: {{what: {number}}}}}]\")).body == '{number}'"
        for number, way in enumerate(WAYS * 4)
    ]
    assert queue(cells) == [item for n in range(len(cells)) for item in (f"cell {n}", [f"{n}", True])]


def test_magics_that_wait_let_listeners_run_on_the_main_thread(queue, shared):
    for number, way in enumerate(WAYS):
        shared.ok(
            f"%%pipeline queued-{number} --run-as-me\npipeline:\n- event.listen: {{key: queued.{number}}}\n"
            f"- {way}: {{what: '{number}'}}\n"
        )
    cells = [
        f"%event send key=queued.{number}\nevent = %event wait key=queued.{number} timeout=20\n"
        f"assert event.deliveries[0]['status'] == 'succeeded', event.deliveries\norder.append('cell')"
        for number in range(len(WAYS))
    ]
    assert queue(cells * 2) == [item for n in [*range(len(WAYS))] * 2 for item in ([f"{n}", True], "cell")]


def test_several_threads_of_a_cell_come_through_the_door_at_once(queue):
    many = (
        "def run(number):\n    return pfnb.run(RUN % (number, 'true')).body\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "async def all_of_them():\n    with ThreadPoolExecutor(8) as pool:\n"
        "        loop = asyncio.get_running_loop()\n"
        "        return await asyncio.gather(*(loop.run_in_executor(pool, run, number) for number in range(40)))\n"
        "assert await all_of_them() == [str(number) for number in range(40)]"
    )
    noted = queue([many, "order.append('end')"])
    assert sorted(noted[:-1], key=lambda note: int(note[0])) == [[str(number), True] for number in range(40)]
    assert noted[-1] == "end"


@pytest.mark.parametrize(
    "call",
    [
        "pfnb.run('pipeline: [{hang: }]')",
        "await pfnb.arun('pipeline: [{hang: }]')",
        "pfnb.run('pipeline: [{hang: {main: true}}]')",
        "pfnb.wait('nothing.comes', 3600)",
        "await pfnb.wait_for('nothing.comes', 3600)",
        "%event wait key=nothing.comes timeout=3600",
    ],
)
def test_an_interrupt_ends_what_a_cell_waits_for_and_the_next_cell_works(queue, shared, call):
    shared.ok("end = threading.Event()\n@pfnb.command('hang')\ndef hang():\n    while not end.wait(0.05): pass")
    cell = shared.submit(f"{WHEN_IT_WAITS}{call}")
    shared.until(cell, lambda output: "waits" in output.stdout)
    shared.manager.interrupt_kernel()
    result = shared.result(cell)
    assert result.status == "error"
    assert any(word in result.error for word in ("KeyboardInterrupt", "CancelledError"))
    assert shared.ok("end.set()\npfnb.run('pipeline: [{set.body: {value: works}}]').body").value == "'works'"


def test_a_wait_ends_at_its_timeout_while_a_step_is_still_at_work(queue, shared):
    shared.ok(
        "end = threading.Event()\n@pfnb.on('queued.slow')\ndef slow():\n    end.wait(20)\n%event send key=queued.slow"
    )
    cell = shared.run(
        "began = time.monotonic()\ntry:\n    pfnb.wait('queued.slow', 0.3)\nfinally:\n    print(time.monotonic() - began)"
    )
    assert "WaitTimeoutError" in cell.error
    assert 0.3 <= float(cell.stdout) < 5
    assert (
        shared.ok("end.set()\nevent = pfnb.wait('queued.slow', 20)\nevent.deliveries[0]['status']").value
        == "'succeeded'"
    )
