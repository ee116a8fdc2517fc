"""What happened, asked in a real kernel: lists of events, runs, steps, and replay."""

from __future__ import annotations

import json
import re

import pytest


def plain(text):
    """Without the colours of a terminal."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@pytest.fixture(scope="module")
def told(shared):
    """A kernel with 120 events of `told.many`, one of `told.one` with a file, and a pipeline that fails for some."""
    shared.ok("import json\nseen = []")
    shared.ok(
        "@pfnb.on('told.run')\ndef runs(event):\n    seen.append(event.json())\n"
        "    if event.json() == 'wrong': raise ValueError('no such lead')\n    return seen"
    )
    shared.ok("for n in range(120): get_ipython().run_line_magic('event', f'send key=told.many payload={n}')")
    shared.ok(
        "hook = pfnb.webhook('told.one')\nwith open('a.csv', 'w') as file: file.write('name,n\\nAda,1\\nEve,2\\n')"
    )
    shared.ok("hook.send(files=['a.csv'], fields={'kind': 'lead'})")
    for payload in ("right", "wrong"):
        shared.ok(f"%event send key=told.run payload={payload}\n%event wait key=told.run timeout=20")
    return shared


def value(kernel, expression):
    return json.loads(kernel.ok(f"print(json.dumps({expression}))").stdout)


def test_events_are_read_page_by_page_as_they_are_asked_for(told):
    told.ok("many = pfnb.events('told.many')")
    assert value(told, "[len(many), len(many._events), many[0].json(), len(many._events)]") == [120, 100, 119, 100]
    assert value(told, "[event.json() for event in many[110:112]]") == [9, 8]
    assert value(told, "[event.json() for event in many]") == list(reversed(range(120)))
    assert value(told, "[many[-1].json(), [event.json() for event in many[-2:]]]") == [0, [1, 0]]
    assert value(told, "[event.json() for event in pfnb.events('told.many', limit=3)]") == [119, 118, 117]
    assert value(told, "len(pfnb.events('told.many', limit=3))") == 3


def test_events_are_found_by_what_they_say_and_when_they_came(told):
    assert value(told, "[event.key for event in pfnb.events(text='a.csv')]") == ["told.one"]
    assert value(told, "[event.json() for event in pfnb.events('told.*', status='failed')]") == ["wrong"]
    told.ok("from datetime import datetime, timedelta")
    assert value(told, "len(pfnb.events('told.run', since=timedelta(hours=1)))") == 2
    assert value(told, "len(pfnb.events('told.run', since=datetime.now() + timedelta(hours=1)))") == 0
    assert value(told, "len(pfnb.events('told.run', until=datetime.now() - timedelta(hours=1)))") == 0
    error = plain(told.run("pfnb.events(status='done')").error)
    assert "ParameterError: list_events: " in error
    assert "_read_page" not in error


def test_events_are_a_table_with_their_number(told):
    cell = told.ok("pfnb.events('told.many')")
    assert "120 events" in cell.value
    assert "… 70 more" in cell.value
    assert "succeeded" in told.ok("%event list key=told.run text=right").value
    assert "… 110 more" not in told.ok("%event list key=told.many limit=10").value


def test_an_event_of_the_list_has_everything(told):
    told.ok("event = pfnb.events('told.one')[0]")
    assert value(told, "[event.method, event.fields, event.files[0].read().decode()]") == [
        "POST",
        {"kind": "lead"},
        "name,n\nAda,1\nEve,2\n",
    ]
    assert value(told, "event.payload['fields']") == {"kind": "lead"}


def test_coroutines_have_the_same_without_blocking_their_loop(told):
    told.ok(
        "import asyncio\nticks = 0\nasync def tick():\n    global ticks\n    while True:\n"
        "        ticks += 1\n        await asyncio.sleep(0.001)\nticker = asyncio.ensure_future(tick())"
    )
    assert value(told, "[event.json() async for event in pfnb.aevents('told.many', limit=101)]")[-1] == 19
    assert value(told, "(await pfnb.events('told.one')[0].files[0].aread()).decode()").startswith("name,n")
    told.ok("hook = pfnb.webhook('told.async')")
    assert value(told, "(await hook.asend({'n': 1})).status") == 200
    assert value(told, "(await pfnb.wait_for('told.async', 20)).json()") == {"n": 1}
    assert value(told, "(await pfnb.arun('pipeline: [{set.body: {value: 7}}]')).body") == 7
    before = value(told, "ticks")
    cell = told.run("await pfnb.wait_for('told.nothing', 0.3)")
    assert "WaitTimeoutError: no event of told.nothing" in plain(cell.error)
    assert "_next" not in cell.error
    assert value(told, "ticks") > before + 20
    told.ok("ticker.cancel()")


def test_runs_and_their_steps_are_tables(told):
    history = told.ok("history = %pipeline history runs\nhistory").value
    assert history.startswith("runs  2 runs")
    assert "StepError: runs failed with ValueError: no such lead" in history
    number = value(told, "history[1]['id']")
    newest = told.ok("%pipeline debug runs").value
    assert "failed, 2 steps" in newest
    assert "ValueError: no such lead" in newest
    assert "event.listen" in newest
    assert "succeeded, 2 steps" in told.ok(f"%pipeline debug runs run={number}").value


def test_what_has_no_runs_says_so(told):
    told.ok("@pfnb.on('told.never')\ndef never(): ...")
    assert told.ok("%pipeline history never").value == "never  0 runs"
    assert told.run("%pipeline debug never").error == "NotFoundError: never has not run yet"
    assert told.run("%pipeline debug runs run=999999").error.startswith("NotFoundError: runs has no run 999999")
    assert told.run("%pipeline history nothing").error.startswith(
        "NotFoundError: no pipeline nothing listens: there are "
    )


def test_an_event_is_replayed_to_who_listens_now(told):
    told.ok(
        "old = pfnb.events('told.one')[0]\n@pfnb.on('told.one')\ndef late(event):\n    late_files.append(len(event.files))"
    )
    told.ok("late_files = []")
    assert "late" in told.ok("%webhook replay id={}".format(value(told, "old.id"))).value
    assert value(told, "[one['listener'] for one in old.replay('late')]") == ["late"]
    assert value(told, "[one['listener'] for one in await old.areplay()]") == ["late"]
    told.ok(
        "import time\nend = time.monotonic() + 20\nwhile len(late_files) < 3 and time.monotonic() < end: time.sleep(0.01)"
    )
    assert value(told, "late_files") == [1, 1, 1]
    assert told.run("old.replay('nobody')").status == "error"
    assert told.run("%webhook replay id=nothing").error.startswith("NotFoundError: ")


def test_a_pipeline_that_listens_is_run_now_with_a_body_of_ones_own(told):
    told.ok("%%pipeline told-now\npipeline:\n- event.listen: {key: a.b}\n- set.body: {value: '#{body.n + 1}'}\n")
    assert told.ok("""%pipeline run told-now body='{"n": 1}'""").value == "2"
    cell = told.run("%pipeline run told-now body='{}'")
    assert "    4 | - set.body" in cell.error
    assert told.run("%pipeline run nowhere").error.startswith(
        "NotFoundError: no pipeline nowhere listens in this notebook"
    )


def test_tables_become_those_of_pandas(told):
    assert value(told, "pfnb.events('told.one')[0].files[0].to_pandas().to_dict('list')") == {
        "name": ["Ada", "Eve"],
        "n": [1, 2],
    }
    told.ok("""%webhook receive eventKey=told.async body='[{"a": {"b": 1}}, {"a": {"b": 2}}]'""")
    assert value(told, "pfnb.events('told.async')[0].to_pandas().to_dict('list')") == {"a.b": [1, 2]}
    told.ok("frame = pfnb.events('told.many').to_pandas()")
    assert value(told, "[len(frame), list(frame.columns)[:3], str(frame.created.dtype.tz)]") == [
        120,
        ["id", "created", "key"],
        "UTC",
    ]


def test_a_wait_says_what_is_still_running_and_leaves_nothing_behind(start_kernel):
    kernel = start_kernel(JPY_SESSION_NAME="somebody looks")
    kernel.ok("%load_ext pfnb\nimport pfnb, threading\nmay_end = threading.Event()")
    kernel.ok("@pfnb.on('slow')\ndef slowly():\n    may_end.wait(20)")
    cell = kernel.submit(
        "threading.Timer(2.5, may_end.set).start()\n%event send key=slow\nevent = pfnb.wait('slow', 20)"
    )
    output = kernel.result(cell)
    assert output.displays[0]["text/plain"].startswith("waiting for slow, 1 of 20 s; running: slowly")
    assert output.updates[-1] == {"text/plain": "", "text/html": ""}
