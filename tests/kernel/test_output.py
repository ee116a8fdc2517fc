"""Where the output of listeners lands in a real kernel, whatever they print with and from whatever thread."""

from __future__ import annotations

import json

import ipykernel
import pytest

LISTEN = "%%pipeline {name}\npipeline:\n- event.listen: {{key: {name}}}\n- {name}:{options}\n"


def listener(kernel, name, body, options=""):
    """Define a function and a pipeline that calls it for each event of its name; the id of the pipeline's cell."""
    kernel.ok(f"@pfnb.command('{name}')\ndef {name}():\n    {body}")
    cell = kernel.submit(LISTEN.format(name=name, options=options))
    assert kernel.result(cell).status == "ok"
    return cell


def fire(kernel, name):
    """Fire its event from another cell, and wait until it was worked on there; that cell."""
    return kernel.ok(f"%event send key={name}\nevent = %event wait key={name} timeout=20")


def board(output):
    return output.updates[-1]["text/plain"] if output.updates else ""


@pytest.mark.parametrize("options", ["", " {main: true}"])
@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("printed", "print('out', 'put')"),
        ("told_stderr", "import sys; print('output', file=sys.stderr)"),
        ("logged", "import logging; logging.getLogger('x').warning('output')"),
        ("warned", "import warnings; warnings.warn('output')"),
        ("threaded", "import threading; t = threading.Thread(target=print, args=('output',)); t.start(); t.join()"),
        (
            "pooled",
            "from concurrent.futures import ThreadPoolExecutor as P\n    with P() as p: p.submit(print, 'output')",
        ),
        ("failed", "import threading; t = threading.Thread(target=lambda: 1 / 0, name='output'); t.start(); t.join()"),
    ],
)
def test_what_a_listener_writes_stands_under_its_cell(shared, name, body, options):
    cell = listener(shared, name, body, options)
    fired = fire(shared, name)
    shared.until(cell, lambda output: "put" in board(output).rpartition("succeeded")[2])
    assert "put" not in fired.stdout + fired.stderr


def test_what_a_coroutine_and_its_tasks_print_stands_under_its_cell(shared):
    shared.ok(
        "import asyncio\n@pfnb.command('tasked')\nasync def tasked():\n"
        "    await asyncio.gather(asyncio.to_thread(print, 'in a thread'), asyncio.create_task(say()))\n"
        "async def say():\n    print('in a task')"
    )
    cell = shared.submit(LISTEN.format(name="tasked", options=""))
    shared.result(cell)
    fire(shared, "tasked")
    shared.until(cell, lambda output: "in a thread" in board(output) and "in a task" in board(output))


def test_displays_stand_below_the_board_and_are_bounded(shared):
    cell = listener(shared, "drawing", "for n in range(20): display({'text/plain': f'figure {n}'}, raw=True)")
    fired = fire(shared, "drawing")
    output = shared.until(cell, lambda output: "… 12 earlier displays" in board(output) and len(output.displays) == 9)
    assert [display["text/plain"] for display in output.displays[1:]] == [f"figure {n}" for n in range(12, 20)]
    assert not fired.displays


def test_a_picture_is_shown_as_a_picture(shared):
    shared.ok("from IPython.display import Image\npng = bytes.fromhex('89504e470d0a1a0a') + bytes(50)")
    cell = listener(shared, "picture", "display(Image(png))")
    fire(shared, "picture")
    output = shared.until(cell, lambda output: len(output.displays) == 2)
    assert output.displays[1]["image/png"].startswith("iVBORw0KGgo")


def test_a_display_of_another_cell_is_updated_there(shared):
    other = shared.submit("handle = display('before', display_id=True)")
    shared.result(other)
    listener(shared, "updating", "handle.update('after')")
    fire(shared, "updating")
    assert shared.until(other, lambda output: output.displays).displays[0]["text/plain"] == "'before'"

    def updated():
        messages = [message["content"] for messages in shared.messages.values() for message in messages]
        return any(content.get("data", {}).get("text/plain") == "'after'" for content in messages)

    shared.collect(updated)


def test_clearing_the_output_clears_what_the_listener_wrote_and_no_more(shared):
    cell = listener(
        shared,
        "clearing",
        "from IPython.display import clear_output\n    print('old')\n    clear_output(); print('new')",
    )
    fire(shared, "clearing")
    output = shared.until(cell, lambda output: "new" in board(output))
    assert "old" not in board(output)
    assert not any(message["msg_type"] == "clear_output" for message in output.messages)


def test_a_thousand_prints_a_second_send_few_messages(shared):
    cell = listener(shared, "flooding", "import time\n    for n in range(2000): print('line', n); time.sleep(0.0005)")
    fire(shared, "flooding")
    output = shared.until(cell, lambda output: "line 1999" in board(output))
    assert "… 1,900 earlier lines" in board(output)
    assert output.stdout == ""
    assert len(output.updates) < 40


def test_what_cells_print_stays_theirs_while_a_listener_prints(shared):
    shared.ok("import threading\nmay_end = threading.Event()")
    cell = listener(shared, "chatting", "import time\n    while not may_end.wait(0.001): print('chat')")
    printed = shared.ok(
        "%event send key=chatting\nfor n in range(200): print('cell', n); time.sleep(0.001)\nmay_end.set()".replace(
            "for n", "import time\nfor n"
        )
    )
    assert printed.stdout == "".join(f"cell {n}\n" for n in range(200))
    shared.until(cell, lambda output: "chat" in board(output))


@pytest.mark.skipif(
    ipykernel.version_info < (7,),
    reason="before ipykernel 7, what a thread prints goes to the cell that started the thread",
)
def test_a_pool_that_a_listener_used_first_prints_for_cells_under_their_own(shared):
    shared.ok("from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor(1)")
    cell = listener(shared, "pooling", "pool.submit(print, 'for the listener').result()")
    fire(shared, "pooling")
    assert shared.ok("pool.submit(print, 'for the cell').result()\nprint('end')").stdout == "for the cell\nend\n"
    output = shared.until(cell, lambda output: "for the listener" in board(output))
    assert "for the cell" not in board(output)


def test_unloading_takes_the_hooks_away(start_kernel):
    kernel = start_kernel()
    state = (
        "import json, sys, threading\nfrom concurrent.futures import ThreadPoolExecutor as P\n"
        "def state():\n    shell = get_ipython()\n    return [type(sys.stdout), type(sys.stderr),\n"
        "        vars(shell.display_pub).get('publish'), vars(shell.display_pub).get('clear_output'),\n"
        "        threading.Thread.start, P.submit]\nbefore = state()"
    )
    kernel.ok(state)
    kernel.ok("%load_ext pfnb")
    assert json.loads(kernel.ok("print(json.dumps([a is b for a, b in zip(before, state())]))").stdout) == [False] * 6
    for _ in range(2):
        kernel.ok("%reload_ext pfnb")
    kernel.ok("%unload_ext pfnb")
    assert json.loads(kernel.ok("print(json.dumps([a is b for a, b in zip(before, state())]))").stdout) == [True] * 6
