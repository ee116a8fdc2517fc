"""Listeners of a notebook that handle several events at once, or only the newest, in a real kernel."""

from __future__ import annotations

from tests.kernel.test_output import board


def test_a_function_gets_the_events_of_a_batch(shared):
    shared.ok(
        "seen = []\n@pfnb.on('many.read', batch={'size': 3, 'wait': '20s'})\n"
        "def read(event, body):\n    seen.append(([one.json() for one in event.events], len(body['events'])))"
    )
    shared.ok("%webhook put eventKey=many.read payloadType=raw")
    for number in range(3):
        shared.ok(f"%webhook receive eventKey=many.read body={number}")
    shared.ok("%event wait key=many.read timeout=20")
    assert shared.ok("print(seen)").stdout.strip() == "[([0, 1, 2], 3)]"


def test_a_cell_with_a_batch_shows_each_of_its_events(shared):
    cell = shared.submit(
        "%%pipeline many_cell\nheaders: {batch: {size: 2, wait: 20s}}\npipeline:\n"
        "  - event.listen: {key: many.cell, filter: '#{body.payload > 0}'}\n"
        "  - log: {message: 'sum #{body.events[0].payload + body.events.size()}'}"
    )
    assert shared.result(cell).status == "ok"
    shared.ok("%webhook put eventKey=many.cell payloadType=raw")
    for number in (7, 0):
        shared.ok(f"%webhook receive eventKey=many.cell body={number}")
    output = shared.until(cell, lambda output: "sum 8" in board(output))
    output = shared.until(cell, lambda output: board(output).count("succeeded") >= 2)
    assert "many.cell" in board(output)


def test_only_the_newest_event_is_handled_after_a_while_of_quiet(shared):
    shared.ok(
        "newest = []\n@pfnb.on('quiet.read', debounce='500ms')\ndef quiet(event):\n    newest.append(event.json())"
    )
    shared.ok("%webhook put eventKey=quiet.read payloadType=raw")
    shared.ok("hook = pfnb.webhook('quiet.read')\nfor number in range(5):\n    hook.send(number)")
    shared.ok("import time\nwhile not newest:\n    time.sleep(0.05)")
    assert shared.ok("print(newest)").stdout.strip() == "[4]"


def test_what_cannot_be_gathered_is_said_where_it_is_written(shared):
    failed = shared.run("@pfnb.on('a.b', debounce='30s', filter='body.payload')\ndef wrong(event): ...")
    assert "put it on the webhook (filter)" in failed.error
    failed = shared.run("@pfnb.on('a.b', batch=0)\ndef wrong(event): ...")
    assert "batch.size must be a whole number from 1 to 1,000, not 0" in failed.error
