"""Python functions that listen, in a real kernel."""

from __future__ import annotations

import json
import re

import pytest

from tests.kernel.test_output import board


def ask(kernel, key, payload=None):
    """What a caller who waits is answered, as `status, value`."""
    body = "" if payload is None else f"body='{json.dumps(payload)}'"
    kernel.ok(f"%webhook put eventKey={key} payloadType=raw\nanswer = %webhook receive eventKey={key} wait=true {body}")
    return json.loads(kernel.ok("import json; print(json.dumps(answer.json().get('value', answer.json())))").stdout)


def defined(kernel, code):
    """The id of a cell that defines a listener."""
    cell = kernel.submit(code)
    result = kernel.result(cell)
    assert result.status == "ok", result.error
    return cell


def test_its_return_value_is_the_answer_and_its_board_stands_under_its_cell(shared):
    cell = defined(
        shared,
        "@pfnb.on('on.answer')\ndef scored(event, body, headers, vars, factor=2):\n"
        "    print('from', event.key, type(event).__name__)\n    return factor * event.json()['n'] + body['payload']['n']",
    )
    assert ask(shared, "on.answer", {"n": 14}) == 42
    output = shared.until(cell, lambda output: "from on.answer Event" in board(output))
    assert output.displays[0]["text/plain"] == "scored listens for on.answer"
    assert "succeeded" in board(output)
    assert "scored" in shared.ok("%pipeline list").value


@pytest.mark.parametrize(
    ("more", "define", "where"),
    [("", "def", "pfnb-step"), ("", "async def", "pfnb-io"), (", main=True", "def", "MainThread")],
)
def test_it_runs_in_a_thread_on_the_loop_or_on_the_main_thread(shared, more, define, where):
    defined(
        shared,
        f"import threading\n@pfnb.on('on.where'{more})\n{define} where():\n    return threading.current_thread().name",
    )
    assert ask(shared, "on.where").startswith(where)


def test_running_its_cell_again_replaces_it(shared):
    for version in (1, 2):
        defined(shared, f"@pfnb.on('on.again')\ndef again():\n    return {version}")
        assert ask(shared, "on.again") == version
    defined(shared, "@pfnb.on('on.again', name='again')\ndef another():\n    return 3")
    assert ask(shared, "on.again") == 3


def test_a_filter_says_which_events_it_wants(shared):
    cell = defined(
        shared,
        "@pfnb.on('on.filter', filter='body.payload.n > 1')\ndef filtered(event):\n    print('got', event.json()['n'])",
    )
    for number in (1, 2):
        shared.ok(f"%event send key=on.filter payload='{{\"n\": {number}}}'")
    output = shared.until(cell, lambda output: "got" in board(output))
    assert "got 1" not in board(output)


def test_it_handles_several_events_at_once_if_it_says_so(shared):
    defined(
        shared,
        "import threading\nmeeting = threading.Barrier(2, timeout=10)\n"
        "@pfnb.on('on.meet', concurrency=2)\ndef meets(event):\n    meeting.wait()",
    )
    shared.ok("%event send key=on.meet\n%event send key=on.meet")
    for _ in range(2):
        shared.ok("event = %event wait key=on.meet timeout=20")
        assert shared.ok("event.deliveries[0]['status']").value == "'succeeded'"


def test_its_error_is_short_and_shows_its_line(shared):
    cell = defined(shared, "@pfnb.on('on.fail')\ndef failing(event):\n    total = 1 / 0\n    return total")
    shared.ok("%event send key=on.fail")
    output = shared.until(cell, lambda output: "failed" in board(output))
    assert "StepError: failing failed with ZeroDivisionError: division by zero\n" in board(output)
    assert re.search(r"Cell In\[\d+\], line 3, in failing\n    3 \| total = 1 / 0", board(output))
    assert "(line" not in board(output)


def test_it_may_run_pipelines_and_await_them(shared):
    pipeline = "'pipeline: [{set.body: {value: inner}}]'"
    for name, body in (
        ("def plain", f"pfnb.run({pipeline})"),
        ("async def awaiting", f"await pfnb.arun({pipeline})"),
        ("async def blocking", f"pfnb.run({pipeline})"),
    ):
        defined(shared, f"@pfnb.on('on.run', name='runs')\n{name}():\n    return ({body}).body")
        assert ask(shared, "on.run") == "inner"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("@pfnb.on('a.b')\ndef wrong(evnt): ...", 'a parameter "evnt"'),
        ("@pfnb.on('')\ndef wrong(): ...", "key"),
        ("@pfnb.on('a.b', filter='1 +')\ndef wrong(): ...", "PelSyntaxError"),
        ("@pfnb.on('a.b', concurrency=1000)\ndef wrong(): ...", "concurrency must be from 1 to 64"),
        ("@pfnb.on('a.b', headers={'onEror': 'LOG'})\ndef wrong(): ...", 'did you mean "onError"'),
    ],
)
def test_what_is_wrong_is_said_where_it_is_defined(shared, code, said):
    cell = shared.run(code)
    assert cell.status == "error"
    assert said in cell.error
    assert "(line" not in cell.error.splitlines()[-1]
    assert "wrong" not in shared.ok("%pipeline list").value


def test_without_a_hub_it_says_how_to_get_one(start_kernel):
    assert "%load_ext pfnb" in start_kernel().run("import pfnb\n@pfnb.on('a.b')\ndef lead(): ...").error


def test_who_returns_nothing_answers_null_and_not_the_event(shared):
    defined(shared, "@pfnb.on('on.nothing')\ndef nothing(event):\n    event.json()")
    assert ask(shared, "on.nothing", {"secret": 1}) is None


def test_who_changes_the_body_in_place_answers_it(shared):
    defined(shared, "@pfnb.on('on.changed')\ndef changed(body):\n    body['seen'] = True")
    assert ask(shared, "on.changed", {"a": 1})["seen"] is True


@pytest.mark.parametrize(
    ("returned", "answered"),
    [
        (
            "{'n': numpy.int64(3), 'ok': numpy.bool_(False), 'gap': numpy.float32('nan')}",
            {"n": 3, "ok": False, "gap": None},
        ),
        ("pandas.DataFrame({'a': [1, 2]})", [{"a": 1}, {"a": 2}]),
        ("{'when': datetime.date(2030, 1, 1)}", {"when": "2030-01-01"}),
    ],
)
def test_what_python_returns_is_answered_as_json_has_it(shared, returned, answered):
    shared.ok("import datetime, numpy, pandas")
    defined(shared, f"@pfnb.on('on.values')\ndef values():\n    return {returned}")
    assert ask(shared, "on.values") == answered


def test_bytes_are_answered_as_bytes(shared):
    defined(shared, "@pfnb.on('on.bytes')\ndef picture():\n    return b'\\x89PNG\\x00'")
    shared.ok("answer = pfnb.webhook('on.bytes').send({}, wait=True)")
    said = shared.ok("print(answer.status, answer.headers['content-type'], answer.content)").stdout
    assert said.strip() == r"200 application/octet-stream b'\x89PNG\x00'"
