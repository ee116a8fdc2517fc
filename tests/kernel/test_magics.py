"""Magics in a real kernel: what a cell shows, what it returns, how it fails."""

from __future__ import annotations

import json
import re

import pytest

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def put(kernel, key, more="payloadType=raw"):
    kernel.ok(f"hook = %webhook put eventKey={key} {more}")


def read(kernel, expression):
    """A JSON value of the kernel."""
    return json.loads(kernel.ok(f"import json; print(json.dumps({expression}))").stdout)


def test_a_webhook_is_shown_without_its_secret(shared):
    cell = shared.ok("hook = %webhook put eventKey=magics.shown payloadType=raw\nhook")
    assert "magics.shown" in cell.value
    assert not UUID.search(json.dumps(cell.messages, default=str))
    assert UUID.search(read(shared, "hook.url"))
    assert not UUID.search(shared.ok("print(repr(hook))").stdout)


def test_a_webhook_demands_a_signature_and_shows_only_how_many_secrets_it_has(shared):
    words = "signature.scheme=github signature.secret='hush, hush' signature.secret=next"
    cell = shared.ok(f"hook = %webhook put eventKey=magics.signed {words}\nhook")
    assert re.search(r"Signature +github, 2 secrets", cell.value)
    shared.ok(
        "import os; os.environ['SECRET'] = 'hush, hush'\n"
        "hook = pfnb.webhook('magics.signed', signature={'scheme': 'slack', 'secret': os.environ['SECRET']}, active=True)"
    )
    cell = shared.ok("hook")
    assert re.search(r"Signature +slack, 1 secret\b", cell.value)
    assert "hush" not in json.dumps(cell.messages, default=str)
    wrong = shared.run("pfnb.webhook('magics.signed', signature={'scheme': 'standard', 'secret': 'hush!'})")
    assert "written in base64" in wrong.error
    assert "hush!" not in wrong.error.splitlines()[-1]


def test_putting_again_changes_the_same_webhook(shared):
    put(shared, "magics.again")
    first = read(shared, "hook.uuid")
    put(shared, "magics.again", "payloadType=ignore")
    assert read(shared, "[hook.uuid, hook.payload_type]") == [first, "ignore"]


def test_another_of_the_same_key_is_new_and_then_the_uuid_is_asked_for(shared):
    put(shared, "magics.two")
    first = read(shared, "hook.uuid")
    put(shared, "magics.two", "new=true")
    assert read(shared, "hook.uuid") != first
    cell = shared.run("%webhook put eventKey=magics.two")
    assert cell.status == "error"
    assert first[-6:] in cell.error
    assert "uuid=" in cell.error


def test_a_webhook_is_named_by_its_uuid_its_tail_or_its_key(shared):
    put(shared, "magics.named")
    uuid = read(shared, "hook.uuid")
    for word in (f"uuid={uuid}", f"uuid={uuid[-6:]}", f"uuid=…{uuid[-6:]}", "eventKey=magics.named"):
        url, path_url = shared.ok(f"%webhook url {word} --show").value.splitlines()
        assert url.endswith(f"/webhook.receive?uuid={uuid}'")
        assert path_url.endswith(f"/hook/{uuid}")
        assert not UUID.search(shared.ok(f"%webhook url {word}").value)


def test_a_webhook_that_is_not_there_says_which_there_are(shared):
    put(shared, "magics.there")
    cell = shared.run("%webhook logs uuid=…ffffff")
    assert cell.status == "error"
    assert "…ffffff" in cell.error
    assert "magics.there" in cell.error


def test_webhooks_are_listed_as_a_table(shared):
    put(shared, "magics.listed")
    cell = shared.ok("%webhook get")
    assert "Event key" in cell.value
    assert "magics.listed" in cell.value


def test_a_deleted_webhook_is_gone(shared):
    put(shared, "magics.deleted")
    shared.ok("%webhook delete eventKey=magics.deleted")
    assert shared.run("%webhook delete eventKey=magics.deleted").status == "error"


def test_a_test_call_sends_json_and_the_event_is_there(shared):
    put(shared, "magics.json")
    cell = shared.ok("""%webhook receive eventKey=magics.json body='{"name": "Ada", "x": "#{1+1}"}'""")
    assert cell.value.startswith("200 OK")
    shared.ok("event = %event wait key=magics.json timeout=10")
    assert read(shared, "event.json()") == {"name": "Ada", "x": "#{1+1}"}
    assert read(shared, "[event.key, event.method, event.text()]")[:2] == ["magics.json", "POST"]


def test_a_test_call_sends_files_and_fields(shared):
    put(shared, "magics.files")
    shared.ok("from pathlib import Path; Path('a b.csv').write_text('x,y'); Path('b.png').write_bytes(b'png')")
    shared.ok("%webhook receive eventKey=magics.files file='a b.csv' file=b.png name=Ada name=Eve kind=lead")
    shared.ok("event = %event wait key=magics.files timeout=10")
    assert read(shared, "event.fields") == {"name": ["Ada", "Eve"], "kind": "lead"}
    files = read(shared, "[[f.name, f.content_type, f.size, f.read().decode()] for f in event.files]")
    assert files == [["a b.csv", "text/csv", 3, "x,y"], ["b.png", "image/png", 3, "png"]]


def test_a_test_call_may_wait_for_the_answer(shared):
    put(shared, "magics.wait")
    shared.ok(
        "%%pipeline magics-wait\npipeline:\n- event.listen: {key: magics.wait}\n- set.body: {value: '#{1 + 2}'}\n"
    )
    cell = shared.ok("answer = %webhook receive eventKey=magics.wait wait=true\nanswer.json()['value']")
    assert cell.value == "3"


def test_a_test_call_by_get_has_its_fields_in_the_query(shared):
    put(shared, "magics.get")
    shared.ok("%webhook receive eventKey=magics.get method=GET a=1 a=2 b=3")
    shared.ok("event = %event wait key=magics.get timeout=10")
    assert read(shared, "[event.method, event.query]") == ["GET", {"a": ["1", "2"], "b": "3"}]


def test_logs_are_a_table_and_their_rows_are_data(shared):
    put(shared, "magics.logs")
    shared.ok("%webhook receive eventKey=magics.logs body=hello")
    cell = shared.ok("logs = %webhook logs eventKey=magics.logs\nlogs")
    assert "1 event" in cell.value
    assert read(shared, "[len(logs), logs[0]['eventKey']]") == [1, "magics.logs"]


def test_an_event_is_fired_and_waited_for(shared):
    cell = shared.ok("""%event send key=fired.once payload='{"a": 1}'""")
    assert cell.value == "SentEvent(key='fired.once')"
    shared.ok("event = %event wait key=fired.* timeout=10")
    assert read(shared, "event.payload") == {"a": 1}


def test_each_wait_returns_the_next_event(shared):
    shared.ok("%event send key=oldest.first payload=1\n%event send key=oldest.first payload=2")
    for payload in (1, 2):
        shared.ok("event = %event wait key=oldest.first timeout=10")
        assert read(shared, "event.payload") == payload


def test_a_wait_for_nothing_fails_at_its_timeout(shared):
    cell = shared.run("%event wait key=nobody.calls timeout=0.1")
    assert cell.status == "error"
    assert cell.error.startswith("WaitTimeoutError: no event of nobody.calls")


def test_braces_and_dollars_in_a_line_are_not_expanded(shared):
    shared.ok("order = 5\n%event send key=magics.braces payload='#{order} $order {order}'")
    shared.ok("event = %event wait key=magics.braces timeout=10")
    assert read(shared, "event.payload") == "#{order} $order {order}"


def test_a_pipeline_without_listen_runs_now_and_shows_its_body(shared):
    cell = shared.ok("%%pipeline now\npipeline:\n- log: {message: on the way}\n- set.body: {value: '#{2 * 21}'}\n")
    assert cell.value == "42"
    assert cell.stdout == "INFO  on the way\n"


def test_a_pipeline_from_a_cell_runs_as_the_notebooks_user(shared):
    shared.ok("%%pipeline now\npipeline:\n- webhook.put: {eventKey: magics.by.pipeline}\n")
    assert "magics.by.pipeline" in shared.ok("%webhook get").value


def test_a_listening_pipeline_shows_one_line_that_is_always_the_same(shared):
    text = "%%pipeline magics-lead\npipeline:\n- event.listen: {key: magics.lead.*}\n"
    cells = [shared.ok(text), shared.ok(text)]
    for cell in cells:
        (display,) = cell.displays
        assert display["text/plain"] == "magics-lead listens for magics.lead.*"
    assert cells[0].displays == cells[1].displays


def test_listening_pipelines_are_listed_and_deleted(shared):
    shared.ok("%%pipeline magics-list\npipeline:\n- event.listen: {key: magics.list}\n")
    assert "magics-list" in shared.ok("%pipeline list").value
    shared.ok("%pipeline delete magics-list")
    assert "magics-list" not in shared.ok("%pipeline list").value
    cell = shared.run("%pipeline delete magics-list")
    assert cell.error.startswith("NotFoundError: ")


def test_a_listening_pipeline_may_be_run_now(shared):
    text = "%%pipeline magics-run --run\npipeline:\n- event.listen: {key: a.b}\n- set.body: {value: ran}\n"
    assert shared.ok(text).value == "'ran'"
    assert "magics-run" not in shared.ok("%pipeline list").value


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("%webhook", "needs a verb: put, get, delete, "),
        ("%webhook pt", "did you mean put?"),
        ("%webhook put evntKey=a", "did you mean eventKey?"),
        ("%webhook put", "needs eventKey=…"),
        ("%webhook put eventKey=a payloadType=jsn", "one of base64, raw, outbound, ignore"),
        ("%webhook logs", "needs uuid=… or eventKey=…"),
        ("%webhook receive eventKey=a file=no.csv", "there is no file no.csv"),
        ("%webhook receive eventKey=a body=x file=no.csv", "either body=… or file=…"),
        ("%webhook replay", "needs id=…"),
        ("%event send", "needs key=…"),
        ("%event list status=done", "one of pending, running, succeeded, failed, dead"),
        ("%event wiat key=a", "did you mean wait?"),
        ("%pipeline lst", "did you mean list?"),
        ("%pipeline delete", "needs name"),
        ("%pipeline debug lead run=last", "a whole number from 1"),
        ("%%pipeline\npipeline: []", "needs a name"),
        ("%%pipeline --run\npipeline: []", "needs a name"),
        ("%%pipeline lead --rum\npipeline: []", "did you mean --run?"),
        ("%%pipeline lead --replace\npipeline:\n- log: {message: a}", "is for a pipeline that listens"),
    ],
)
def test_wrong_words_are_usage_errors(shared, code, said):
    cell = shared.run(code)
    assert cell.status == "error"
    assert cell.stderr.startswith("UsageError: ")
    assert said in cell.stderr
    assert not cell.error


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("%webhook delete eventKey=webhook.of.nobody", "%webhook get lists yours, %webhook put creates one"),
        ("%pipeline stop nobody", "%pipeline list shows all, with their notebooks"),
        ("%pipeline check nobody", "%pipeline list shows all, with their notebooks"),
    ],
)
def test_what_is_not_there_is_an_error_that_says_where_to_look(shared, code, said):
    cell = shared.run(code)
    assert cell.error.startswith("NotFoundError: ")
    assert said in cell.error


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (
            "%%pipeline wrong\npipeline:\n- lgo: {message: a}",
            ["UnknownCommandError: ", 'did you mean "log"?', "(line 3, column 3", "    3 | - lgo: {message: a}"],
        ),
        ("%%pipeline wrong\npipeline:\n- log: {mesage: a}", ["ParameterError: ", "message", "line 3"]),
        ("%%pipeline wrong\npipeline:\n- log: {message: #{a}}", ["PipelineSyntaxError: ", "comment", "line 3"]),
        (
            "%%pipeline wrong\n\n\npipeline:\n- log: {message: 'a #{1 +} b'}",
            ["PelSyntaxError: ", "line 5", "    5 | - log"],
        ),
        ("%%pipeline wrong\npipeline:\n- assert: {true: '#{1 > 2}'}", ["AssertionFailedError: ", "line 3"]),
    ],
)
def test_an_error_in_a_pipeline_names_the_cells_line_and_shows_it(shared, cell, said):
    result = shared.run(cell)
    assert result.status == "error"
    assert "Traceback" not in result.error
    for words in said:
        assert words in result.error


def test_an_error_of_a_users_function_shows_its_line_too(shared):
    shared.ok(
        "def divide(by):\n    return 1 / by\n@pfnb.command('magics.divide')\ndef by_zero():\n    return divide(0)"
    )
    for cell in ("%%pipeline now\npipeline:\n- magics.divide:", "%pipeline run magics-divide"):
        shared.ok("%%pipeline magics-divide\npipeline:\n- event.listen: {key: magics.divide}\n- magics.divide:")
        error = shared.run(cell).error
        assert error.startswith("StepError: magics.divide failed with ZeroDivisionError: division by zero (line ")
        assert "| - magics.divide:" in error
        assert "line 5, in by_zero\n    5 | return divide(0)" in error
        assert "line 2, in divide\n    2 | return 1 / by" in error
        assert "runner.py" not in error


def test_an_error_of_the_hub_has_no_traceback_of_ours(shared):
    cell = shared.run("%webhook put eventKey='no key'")
    assert cell.error.startswith("ParameterError: ")
    assert "File" not in cell.error


def test_help_names_every_verb(shared):
    for magic, words in (
        ("webhook", ["%webhook put", "payloadType=…", "%webhook url", "--show"]),
        ("event", ["%event send", "%event wait", "timeout=…"]),
        ("pipeline", ["%%pipeline NAME", "--run-as-me", "%pipeline delete NAME"]),
    ):
        text = read(shared, f"get_ipython().find_line_magic('{magic}').__doc__")
        for word in words:
            assert word in text


def test_a_rotated_webhook_is_found_by_its_key_and_the_old_one_by_its_uuid(shared):
    put(shared, "magics.rotated")
    first = read(shared, "hook.uuid")
    cell = shared.ok("hook = %webhook rotate eventKey=magics.rotated overlap=60\nhook")
    assert not UUID.search(json.dumps(cell.messages, default=str))
    second = read(shared, "hook.uuid")
    assert second != first
    put(shared, "magics.rotated")
    assert read(shared, "hook.uuid") == second
    assert "until 2" in shared.ok(f"%webhook get uuid={first[-6:]}").value


def test_a_scan_shows_what_leaked_without_showing_it_and_deactivates_it(shared, tmp_path):
    put(shared, "magics.leaked")
    uuid = read(shared, "hook.uuid")
    (tmp_path / "a.txt").write_text(f"one\n{uuid}\n")
    (tmp_path / "b.txt").write_text("nothing")
    dry = shared.ok(f"%webhook scan {tmp_path}/a.txt {tmp_path}/b.txt --dry-run --no-history")
    assert re.search(rf"magics\.leaked\s+…{uuid[-6:]}\s+\S*a\.txt\s+2\s+as it was", dry.value)
    assert "1 leak in 2 files" in dry.value
    done = shared.ok(f"%webhook scan {tmp_path}")
    assert "deactivated" in done.value
    assert not UUID.search(json.dumps(done.messages, default=str))
    shared.ok(f"hook = %webhook get uuid={uuid}")
    assert read(shared, "hook.fields['active']") is False
    assert "nowhere" in shared.run("%webhook scan nowhere").error


def test_messages_and_files_are_sent_to_other_people_where_that_is_allowed(shared, tmp_path):
    put(shared, "magics.partner")
    (tmp_path / "a.txt").write_text("one")
    refused = shared.run('get_ipython().run_line_magic("webhook", f"send url={hook.url} message=hi")')
    assert "PFNB_ALLOW_TARGETS=127.0.0.1" in refused.error
    shared.ok("import os; os.environ['PFNB_ALLOW_TARGETS'] = '127.0.0.1'")
    for words in ("message=hi", "message='{\"a\": 1}'", f"file={tmp_path}/a.txt"):
        cell = shared.ok(f"""get_ipython().run_line_magic("webhook", f"send url={{hook.url}} " + {words!r})""")
        assert "200 OK" in cell.value
    seen = read(shared, "[(row['contentType'].partition(';')[0], len(row['files'])) for row in hook.logs()]")
    assert seen == [["multipart/form-data", 1], ["application/json", 0], ["text/plain", 0]]
    assert "either message=… or file=…" in shared.run("%webhook send url=http://x message=1 file=a").stderr
    assert "needs url=" in shared.run("%webhook send message=1").stderr


def test_logs_have_every_request_also_where_bodies_are_larger_than_one_answer_takes(shared):
    put(shared, "magics.large")
    shared.ok("for size in (9_000_000, 9_000_000, 5): hook.send(bytes(size))")
    assert read(shared, "[row['contentLength'] for row in hook.logs()]") == [5, 9_000_000, 9_000_000]
    assert read(shared, "len(hook.logs(2))") == 2
