"""Pipelines that listen in a real kernel: threads, order, and where output lands."""

from __future__ import annotations

import base64
import re
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def kernel(shared):
    """One for most tests, which take their pipelines back. `own` is for those that leave threads behind."""
    yield shared
    shared.ok(
        "for one in get_ipython().run_line_magic('pipeline', 'list'):\n"
        "    get_ipython().run_line_magic('pipeline', f\"delete {one['name']}\")"
    )


@pytest.fixture
def own(start_kernel):
    kernel = start_kernel()
    kernel.ok("%load_ext pfnb\nimport pfnb")
    return kernel


@pytest.fixture
def url(kernel):
    """The address of a webhook that fires lead.created."""
    yield put_webhook(kernel)
    kernel.ok("%webhook delete eventKey=lead.created")


def put_webhook(kernel):
    return kernel.ok("hook = %webhook put eventKey=lead.created payloadType=raw\nprint(hook.url)").stdout.strip()


def call(url, body, **params):
    return httpx.post(url, json=body, params={**dict(httpx.URL(url).params), **params}, timeout=20, trust_env=False)


def listen(kernel, steps="", flags="", name="lead"):
    """Define a listening pipeline in a cell; the cell's id."""
    cell = kernel.submit(f"%%pipeline {name} {flags}\npipeline:\n- event.listen: {{key: lead.created}}\n{steps}")
    result = kernel.result(cell)
    assert result.status == "ok", result.error
    return cell


def busy(kernel, code):
    """Submit a cell that computes, and wait until it does."""
    cell = kernel.submit(f"print('busy', flush=True)\n{code}")
    kernel.until(cell, lambda output: "busy" in output.stdout)
    return cell


def test_a_caller_is_answered_while_a_cell_computes(kernel, url):
    kernel.ok("@pfnb.command('double')\ndef double(body):\n    return 2 * body['payload']['n']")
    listen(kernel, "- double:\n")
    busy(kernel, "x = 0\nwhile True:\n    x += 1")
    assert call(url, {"n": 21}, wait="true").json()["value"] == 42
    kernel.manager.interrupt_kernel()


def test_a_step_on_the_main_thread_runs_while_a_magic_waits(kernel, url):
    kernel.ok(
        "import threading\n@pfnb.command('where')\ndef where():\n"
        "    return [threading.current_thread().name, get_ipython() is not None]"
    )
    listen(kernel, "- where: {main: true}\n")
    cell = kernel.ok("answer = %webhook receive eventKey=lead.created wait=true\nanswer.json()['value']")
    assert cell.value == "['MainThread', True]"


def test_a_step_on_the_main_thread_runs_when_the_kernel_is_idle(kernel, url):
    kernel.ok(
        "import threading\n@pfnb.command('where', main=True)\ndef where():\n    return threading.current_thread().name"
    )
    listen(kernel, "- where:\n")
    assert call(url, {}, wait="true").json()["value"] == "MainThread"


def test_a_step_on_the_main_thread_runs_while_a_cell_awaits(kernel, url):
    kernel.ok("import asyncio\nmet = asyncio.Event()\n@pfnb.command('meet', main=True)\ndef meet():\n    met.set()")
    listen(kernel, "- meet:\n")
    cell = busy(kernel, "await met.wait()")
    assert call(url, {}, wait="true").status_code == 200
    assert kernel.result(cell).status == "ok"


def test_a_step_on_the_main_thread_waits_for_a_computing_cell(kernel, url):
    kernel.ok("done = []\n@pfnb.command('look', main=True)\ndef look():\n    return done")
    listen(kernel, "- look:\n")
    with ThreadPoolExecutor() as threads:
        busy(kernel, "import time\ntime.sleep(0.3)\ndone.append('cell')")
        answer = threads.submit(call, url, {}, wait="true").result()
    assert answer.json()["value"] == ["cell"]


def test_no_queued_cell_is_lost_while_magics_wait_and_steps_run_on_the_main_thread(kernel, url):
    kernel.ok("order = []\n@pfnb.command('note', main=True)\ndef note(body):\n    order.append(body['payload']['n'])")
    listen(kernel, "- note:\n")
    cells = [
        kernel.submit(
            f"order.append('cell {n}')\n"
            f"""answer = %webhook receive eventKey=lead.created body='{{"n": {n}}}' wait=true\n"""
            f"import asyncio\nawait asyncio.sleep(0)"
        )
        for n in range(8)
    ]
    assert [kernel.result(cell).status for cell in cells] == ["ok"] * 8
    expected = [item for n in range(8) for item in (f"cell {n}", n)]
    assert kernel.ok("print(order == " + repr(expected) + ")").stdout == "True\n"


def test_a_step_may_run_a_pipeline_from_any_thread(kernel, url):
    inner = "pfnb.run('pipeline: [{set.body: {value: inner}}]').body"
    kernel.ok(
        f"@pfnb.command('in.thread')\ndef in_thread():\n    return {inner}\n"
        f"@pfnb.command('on.loop')\nasync def on_loop():\n    return {inner}\n"
        f"@pfnb.command('on.main', main=True)\ndef on_main():\n    return {inner}\n"
    )
    for name in ("in.thread", "on.loop", "on.main"):
        listen(kernel, f"- {name}:\n")
        assert call(url, {}, wait="true").json()["value"] == "inner"
        cell = kernel.ok("answer = %webhook receive eventKey=lead.created wait=true\nanswer.json()['value']")
        assert cell.value == "'inner'"


def test_a_command_reads_the_event_and_its_files(kernel, url):
    kernel.ok(
        "@pfnb.command('names')\ndef names(event):\n    return {file.name: len(file.read()) for file in event.files}"
    )
    listen(kernel, "- names:\n")
    files = [("a", ("a.txt", b"hello")), ("b", ("b.png", PNG))]
    answer = httpx.post(url + "&wait=true", files=files, timeout=20, trust_env=False)
    assert answer.json()["value"] == {"a.txt": 5, "b.png": len(PNG)}


def test_a_command_that_is_defined_again_is_used_at_once(kernel, url):
    for version in (1, 2):
        kernel.ok(f"@pfnb.command('version')\ndef version():\n    return {version}")
        if version == 1:
            listen(kernel, "- version:\n")
        assert call(url, {}, wait="true").json()["value"] == version


def test_a_webhooks_run_is_anonymous_unless_the_cell_says_run_as_me(kernel, url):
    steps = "- webhook.get:\n"
    cell = listen(kernel, steps)
    assert call(url, {}, wait="true").status_code == 500
    kernel.until(cell, lambda output: any("iam.run.as" in update["text/plain"] for update in output.updates))
    listen(kernel, steps, "--run-as-me")
    assert call(url, {}, wait="true").json()["value"][0]["eventKey"] == "lead.created"


def test_a_cell_shares_its_name_and_has_what_failed_tried_again(kernel, url):
    kernel.ok(
        "tries = []\n@pfnb.command('flaky')\ndef flaky():\n    tries.append(1)\n    assert len(tries) > 1, 'not yet'"
    )
    listen(kernel, "- flaky:\nheaders: {retry: {times: 1, wait: 0}}\n", flags="--shared --run-as-me")
    answer = call(url, {}, wait="true").json()
    assert answer["status"] == "finished"
    assert kernel.ok("print(len(tries))").stdout.strip() == "2"
    assert (
        kernel.ok("print([one['shared'] for one in get_ipython().run_line_magic('pipeline', 'list')])").stdout
        == "[True]\n"
    )


def test_deliveries_and_output_appear_under_the_defining_cell(kernel, url):
    kernel.ok("@pfnb.command('say')\ndef say():\n    print('from a step')")
    cell = listen(kernel, "- log: {message: logged}\n- say:\n")
    other = busy(kernel, "import time\ntime.sleep(0.5)")
    call(url, {"name": "Ada"}, wait="true")
    output = kernel.until(cell, lambda output: output.updates and "succeeded" in output.updates[-1]["text/plain"])
    shown = output.updates[-1]
    assert shown["text/plain"].startswith("lead listens for lead.created\n")
    assert 'name  "Ada"' in shown["text/plain"]
    assert "INFO  logged\nfrom a step" in shown["text/plain"]
    assert output.stdout == ""
    assert kernel.result(other).stdout == "busy\n"


def test_a_failed_run_shows_its_error_with_the_line_of_the_cell(kernel, url):
    kernel.ok("@pfnb.command('fail')\ndef fail():\n    raise ValueError('no such lead')")
    cell = listen(kernel, "- fail:\n")
    call(url, {}, wait="true")
    output = kernel.until(cell, lambda output: output.updates and "failed" in output.updates[-1]["text/plain"])
    shown = output.updates[-1]["text/plain"]
    assert "StepError: fail failed with ValueError: no such lead (line 4, column 3, step 2)\n    4 | - fail:" in shown
    assert re.search(r"Cell In\[\d+\], line 3, in fail\n    3 \| raise ValueError\('no such lead'\)", shown)
    assert "runner.py" not in shown


def test_pictures_are_shown(kernel, url):
    cell = listen(kernel)
    httpx.post(url, files={"photo": ("b.png", PNG, "image/png")}, timeout=20, trust_env=False)
    output = kernel.until(cell, lambda output: output.updates and "succeeded" in output.updates[-1]["text/plain"])
    assert "data:image/png;base64," in output.updates[-1]["text/html"]


def test_only_the_last_events_are_shown(kernel, url):
    cell = listen(kernel)
    for number in range(25):
        call(url, {"n": number}, wait="true")
    output = kernel.until(cell, lambda output: output.updates and "24 events" in output.updates[-1]["text/plain"])
    assert "… 5 more" in output.updates[-1]["text/plain"]


def test_what_a_filter_refuses_is_not_shown(kernel, url):
    cell = kernel.submit(
        "%%pipeline lead\npipeline:\n- event.listen: {key: lead.created, filter: \"body.payload.name == 'Ada'\"}\n"
    )
    kernel.result(cell)
    for name in ("Eve", "Ada"):
        call(url, {"name": name}, wait="true")
    output = kernel.until(cell, lambda output: output.updates and "Ada" in output.updates[-1]["text/plain"])
    assert not any("Eve" in update["text/plain"] for update in output.updates)


# Main-thread work is done as soon as the magic waits, and not before.
WHEN_IT_WAITS = "get_ipython().meta['pfnb'].door.call_main(lambda: print('waits', flush=True))\n"


def test_an_interrupt_ends_a_waiting_magic_and_nothing_else(kernel, url):
    listen(kernel, "- set.body: {value: still here}\n")
    cell = kernel.submit(WHEN_IT_WAITS + "%event wait key=nobody timeout=3600")
    kernel.until(cell, lambda output: "waits" in output.stdout)
    kernel.manager.interrupt_kernel()
    assert kernel.result(cell).error == "KeyboardInterrupt: stopped"
    assert call(url, {}, wait="true").json()["value"] == "still here"


def test_an_interrupt_ends_a_waiting_magic_in_a_cell_that_awaits(kernel):
    cell = kernel.submit(f"import asyncio\nawait asyncio.sleep(0)\n{WHEN_IT_WAITS}%event wait key=nobody timeout=3600")
    kernel.until(cell, lambda output: "waits" in output.stdout)
    kernel.manager.interrupt_kernel()
    assert kernel.result(cell).error == "KeyboardInterrupt: stopped"
    assert kernel.ok("1 + 1").value == "2"


def hanging(kernel, code, count=1):
    """A listener that hangs, has `count` runs, and the notebook's answers to it."""
    kernel.ok(
        f"import threading, time\nrun = []\n@pfnb.on('hang', name='hung')\ndef hung(event):\n    run.append(1)\n    {code}"
    )
    kernel.ok("%event send key=hang")
    kernel.ok("while not run:\n    time.sleep(0.01)")


def test_a_hung_run_is_shown_and_stopped_and_the_next_one_follows(own):
    hanging(own, "while len(run) == 1: pass")
    own.ok("%event send key=hang")
    assert (
        own.ok("[row['runningFor'] > 0 for row in get_ipython().run_line_magic('pipeline', 'list')]").value == "[True]"
    )
    own.ok("from pfnb.display import listeners as shown\nshown.LONG = 0")
    assert re.search(r"running for \d+ s", own.ok("%pipeline list").value)
    assert own.ok("%pipeline stop hung").stdout == "pfnb: 1 run of hung stopped\n"
    own.ok("while len(run) < 2:\n    time.sleep(0.01)")
    own.ok("%event wait key=hang timeout=20")
    own.ok("%event wait key=hang timeout=20")
    rows = own.ok("[row['status'] for row in get_ipython().run_line_magic('pipeline', 'history hung')]").value
    assert rows == "['succeeded', 'failed']"


def test_a_hung_run_is_set_aside_and_its_thread_ends_and_the_next_one_follows(own):
    hanging(own, "try:\n        while len(run) == 1: pass\n    finally:\n        run.append('over')")
    own.ok("%event send key=hang")
    number = own.ok("shown = %webhook failed\nassert shown[0]['status'] == 'running'\nprint(shown[0]['id'])").stdout
    said = own.ok(f"%webhook failed reason='it hangs' discard={number}").value
    assert re.search(r"hang +hung +dead +1 +set aside by \S+: it hangs", said)
    own.ok("%event wait key=hang timeout=20\n%event wait key=hang timeout=20")
    own.ok("while run.count('over') < 2:\n    time.sleep(0.01)")
    rows = own.ok("[row['status'] for row in get_ipython().run_line_magic('pipeline', 'history hung')]").value
    assert rows == "['succeeded', 'dead']"
    assert "set aside by" in own.ok("%webhook failed").value


def test_an_event_that_waits_in_the_kernel_for_its_turn_is_set_aside_and_never_run(own):
    own.ok(
        "import threading\ngate, ran = threading.Event(), []\n@pfnb.on('queue', name='queued')\ndef queued(event):\n"
        "    gate.wait(30)\n    ran.append(event.payload)"
    )
    own.ok("for number in range(4):\n    get_ipython().run_line_magic('event', f'send key=queue payload={number}')")
    own.ok("deliveries = get_ipython().meta['pfnb'].deliveries\nwhile len(deliveries._running) < 4: pass")
    own.ok("numbers = [row['id'] for row in get_ipython().run_line_magic('pipeline', 'history queued')][::-1]")
    for place in (1, 3):
        cell = f"get_ipython().run_line_magic('webhook', f'failed discard={{numbers[{place}]}} reason=spoilt')"
        assert "set aside by" in own.ok(cell).value
    own.ok("gate.set()\nfor _ in range(4):\n    get_ipython().run_line_magic('event', 'wait key=queue timeout=20')")
    assert own.ok("ran").value == "[0, 2]"
    own.ok("while deliveries.running(): pass")
    rows = own.ok(
        "[(row['status'], row['attempts']) for row in get_ipython().run_line_magic('pipeline', 'history queued')]"
    )
    assert rows.value == "[('dead', 0), ('succeeded', 1), ('dead', 0), ('succeeded', 1)]"
    own.ok("event = get_ipython().run_line_magic('pipeline', 'history queued')[0]['eventId']")
    own.ok("get_ipython().run_line_magic('webhook', f'replay id={event}')")
    own.ok("while len(ran) < 3: pass")
    assert own.ok("ran").value == "[0, 2, 3]"


def test_a_run_that_python_cannot_interrupt_is_ended_all_the_same_and_said_so(own):
    hanging(own, "threading.Event().wait(600) if len(run) == 1 else None")
    said = own.ok("%pipeline stop hung").stdout
    assert said.startswith(
        "pfnb: 1 run of hung stopped\npfnb: one of its threads waits in code that Python cannot interrupt"
    )
    own.ok("%event send key=hang\n%event wait key=hang timeout=20\n%event wait key=hang timeout=20")
    assert own.ok("len(run)").value == "2"


def test_threads_that_hang_in_one_listener_take_no_place_of_another(own):
    own.ok(
        "import threading, time\ngate, run = threading.Event(), []\n@pfnb.command('hang')\ndef hang():\n"
        "    run.append(1)\n    gate.wait()"
    )
    own.ok("%%pipeline hung\nheaders: {concurrency: 40}\npipeline:\n- event.listen: {key: hang}\n- hang:\n")
    own.ok(
        "for _ in range(40):\n    get_ipython().run_line_magic('event', 'send key=hang')\n"
        "while len(run) < 32:\n    time.sleep(0.01)"
    )
    own.ok("@pfnb.command('double')\ndef double(body):\n    return 2 * body['payload']['n']")
    listen(own, "- double:\n")
    assert call(put_webhook(own), {"n": 21}, wait="true").json()["value"] == 42
    own.ok("gate.set()\n%pipeline check timeout=20")
