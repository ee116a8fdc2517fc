"""The kernel's side of the live inspector, in a real kernel, over its comm."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid

import pytest

from tests.kernel.widgets.frontend import VIEW, FrontEnd

LISTEN = """%%pipeline {name}
pipeline:
  - event.listen: {{eventKey: {key}}}
  - body.set: {{value: "Hello #{{body.payload.name}}"}}
"""
TASKS = """
import asyncio
from pfnb.kernel.notebook import current_notebook
names = [getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks(current_notebook().door.loop)]
sorted(name for name in names if name.startswith(("Viewer", "Still")))
"""


class Lead:
    """An event key of a test's own in the kernel that all of them share: its webhook, its listeners, its inspectors."""

    def __init__(self, kernel):
        self.kernel = kernel
        self.key = f"webhook.{uuid.uuid4().hex[:8]}.created"

    def post(self, body='{"name": "Ada"}', **given):
        given = "".join(f", {name}={value!r}" for name, value in given.items())
        self.kernel.ok(f"hook = pfnb.webhook({self.key!r}{given})\nhook.send({body}); None")

    def listen(self):
        name = f"lead {uuid.uuid4().hex[:8]}"
        self.kernel.ok(LISTEN.format(name=f"'{name}'", key=self.key))
        return name

    def inspect(self, words=""):
        return FrontEnd(self.kernel, self.kernel.ok(f"%webhook inspect {self.key} {words}"))


@pytest.fixture
def lead(shared):
    return Lead(shared)


def opened(front):
    front.send("open")
    return front.told("list")


def test_what_was_received_before_is_listed_and_what_comes_is_told(lead):
    lead.post()
    front = lead.inspect()
    front.send("open")
    assert front.told("filter")["filter"] == {"key": lead.key, "status": "", "text": "", "webhook": ""}
    listed = front.told("list")
    assert [row["key"] for row in listed["rows"]] == [lead.key]
    assert listed["total"] == 1
    lead.post()
    (row,) = front.told("rows")["rows"]
    assert row["seq"] > listed["rows"][0]["seq"]
    assert (row["method"], row["tone"]) == ("POST", "none")


def test_a_delivery_that_ends_is_told_also_while_a_cell_computes(lead):
    name = lead.listen()
    front = lead.inspect()
    opened(front)
    cell = lead.kernel.submit(
        "import threading, time\n"
        f"hook = pfnb.webhook({lead.key!r})\n"
        'threading.Thread(target=lambda: hook.send({"name": "Ada"})).start()\n'
        "while True: time.sleep(0.01)\n"
    )
    told = front.told("rows", lambda content: any(row["tone"] == "succeeded" for row in content["rows"]))
    assert told["rows"][0]["deliveries"] == [{"listener": name, "status": "succeeded"}]
    lead.kernel.manager.interrupt_kernel()
    assert lead.kernel.result(cell).status == "error"


def test_the_toolbar_narrows_what_is_listed(lead):
    lead.post('{"name": "Ada"}')
    lead.post('{"name": "Grace"}')
    front = lead.inspect()
    assert len(opened(front)["rows"]) == 2
    front.send("list", text="grace", key=lead.key, status="")
    assert len(front.told("list")["rows"]) == 1
    front.send("list", text="", key="webhook.nobody.#", status="")
    assert front.told("list")["rows"] == []


def test_with_a_status_asked_for_rows_that_lose_it_go(lead):
    lead.listen()
    front = lead.inspect("status=succeeded")
    opened(front)
    lead.post()
    told = front.told("rows", lambda content: bool(content["rows"]))
    assert told["rows"][0]["tone"] == "succeeded"
    front.send("list", key=lead.key, status="failed")
    front.told("list")
    lead.post()
    assert front.told("rows", lambda content: bool(content["gone"]))["rows"] == []


def test_an_event_opens_with_all_there_is_to_know(lead):
    lead.listen()
    lead.post('{"title": "no name", "password": "hunter2"}')
    front = lead.inspect("status=failed")
    (row,) = opened(front)["rows"] or front.told("rows", lambda content: bool(content["rows"]))["rows"]
    event = front.ask("event", id=row["id"])
    assert [one["key"] for one in event["payload"]["rows"]] == ["title", "password"]
    assert event["payload"]["rows"][0]["expression"] == "#{body.payload.title}"
    (delivery,) = event["deliveries"]
    assert delivery["status"] == "failed"
    assert "no key 'name'" in delivery["error"]
    steps = front.ask("steps", id=row["id"], delivery=delivery["id"])["steps"]
    assert [(step["command"], step["where"]) for step in steps] == [("event.listen", "line 3"), ("body.set", "line 4")]
    assert "hunter2" not in json.dumps([event, steps])


def test_a_base64_payload_says_what_is_needed_to_reach_into_it(lead):
    lead.post('{"n": 1}', payload_type="base64")
    front = lead.inspect()
    (row,) = opened(front)["rows"]
    payload = front.ask("event", id=row["id"])["payload"]
    assert "payloadType=raw" in payload["hint"]
    assert payload["rows"][0]["text"] == "1"
    assert payload["rows"][0]["expression"] is None


def test_a_refused_request_is_told_and_listed_with_its_size_and_limit(lead):
    lead.post()
    front = lead.inspect()
    opened(front)
    lead.kernel.ok(f"%webhook put eventKey={lead.key} maxPayloadLength=1kB")
    lead.kernel.ok("answer = hook.send(b'x' * 2000); assert answer.status == 413, answer.status")
    assert front.told("refused")["count"] == 1
    (row,) = front.ask("refused")["rows"]
    assert (row["status"], row["size"], row["limit"]) == ("413", "2,000 bytes", "1kB")
    assert row["webhook"].startswith(f"{lead.key} …")
    shown = lead.kernel.ok(f"%webhook logs eventKey={lead.key}").value
    assert "refused  1 × 413" in shown
    assert "this webhook accepts at most 1kB (1,024 byte…" in shown


def test_files_are_previewed_and_downloaded_in_parts(lead, tmp_path):
    big = bytes(range(256)) * 6_000
    (tmp_path / "big.bin").write_bytes(big)
    lead.kernel.ok(
        f"%webhook put eventKey={lead.key} maxPayloadLength=4000000\n"
        f"hook = pfnb.webhook({lead.key!r})\n"
        f'hook.send(fields={{"who": "ada"}}, files=[{str(tmp_path / "big.bin")!r}]); None'
    )
    front = lead.inspect()
    (row,) = opened(front)["rows"]
    event = front.ask("event", id=row["id"])
    assert [file["name"] for file in event["files"]] == ["big.bin"]
    assert event["payload"]["rows"][0]["expression"] == "#{body.payload.fields.who}"
    assert front.ask("preview", id=row["id"], file=0)["kind"] == "bytes"
    got, size = b"", 1
    while len(got) < size:
        value, (part,) = front.ask_raw("part", id=row["id"], file=0, offset=len(got))
        size = value["size"]
        assert 0 < len(part) <= 1024 * 1024
        got += part
    assert got == big


def test_replay_hands_the_event_over_again(lead):
    lead.post()
    front = lead.inspect()
    (row,) = opened(front)["rows"]
    lead.listen()
    assert front.ask("replay", id=row["id"]) == {"deliveries": 1}
    told = front.told("rows", lambda content: content["rows"][0]["tone"] == "succeeded")
    assert told["rows"][0]["id"] == row["id"]


def test_the_address_of_a_webhook_comes_only_when_it_is_asked_for(lead):
    lead.post()
    front = lead.inspect()
    (row,) = opened(front)["rows"]
    url = lead.kernel.ok("hook.url").value.strip("'")
    assert front.ask("address", id=row["id"])["url"] == url


def test_state_and_output_hold_neither_payload_nor_secret(lead):
    lead.post('{"note": "pfnb-payload", "api_key": "s3cret-key"}')
    secret = lead.kernel.ok("hook.uuid").value.strip("'")
    cell = lead.kernel.ok(f"%webhook inspect webhook={secret[-6:]}")
    opens = [message["content"]["data"]["state"] for message in cell.messages if message["msg_type"] == "comm_open"]
    assert any("_esm" in state for state in opens)
    assert "pfnb-payload" not in json.dumps(opens)
    for text in (json.dumps(opens), json.dumps(cell.displays)):
        assert secret not in text
        assert "s3cret-key" not in text


def test_the_cell_keeps_a_picture_beside_the_widget_and_brings_it_up_to_date(lead):
    lead.post('{"name": "Ada", "api_key": "s3cret-key"}')
    cell = lead.kernel.submit(f"%webhook inspect {lead.key}")
    widget, picture = lead.kernel.result(cell).displays
    assert set(widget) == {VIEW, "text/plain", "text/html"}
    assert lead.key in picture["text/plain"]
    assert "Ada" in picture["text/html"]
    lead.post('{"name": "Grace"}')
    updated = lead.kernel.until(cell, lambda cell: any("Grace" in one["text/html"] for one in cell.updates))
    assert "s3cret-key" not in json.dumps(updated.updates)


def test_two_front_ends_look_at_the_same_inspector_each_with_a_search_of_its_own(lead):
    lead.post('{"name": "Ada"}')
    one = lead.inspect()
    other = FrontEnd(lead.kernel, lead.kernel.ok("_ = None"), model=one.model, name="other")
    opened(one)
    opened(other)
    other.send("list", text="grace", key=lead.key)
    assert other.told("list")["rows"] == []
    lead.post('{"name": "Ada"}')
    assert len(one.told("rows")["rows"]) == 1


@pytest.mark.parametrize("content", ["text", {"ask": "event", "with": {}}, {"ask": "nothing"}, {"viewer": [1]}])
def test_questions_that_make_no_sense_do_no_harm(lead, content):
    front = lead.inspect()
    front.say(content)
    assert opened(front)["rows"] == []
    assert "nothing" in front.error("nothing")


def test_words_that_are_wrong_say_what_is_allowed(shared):
    assert "one of pending, running" in shared.run("%webhook inspect status=sleeping").stderr


def test_closing_ends_every_task_and_after_unloading_the_front_end_is_told_so(kernel):
    before = kernel.ok(TASKS).value
    front = FrontEnd(kernel, kernel.ok("%webhook inspect webhook.#"))
    opened(front)
    assert kernel.ok(TASKS).value != before
    front.send("close")
    kernel.collect(lambda: kernel.ok(TASKS).value == before)
    opened(front)
    kernel.ok("%unload_ext pfnb")
    front.send("page", before=None)
    assert (
        "run the cell of this inspector again"
        in front.told("problem", lambda content: "cell" in content["message"])["message"]
    )


def test_in_plain_ipython_the_newest_events_are_a_table():
    code = (
        "from IPython.testing.globalipapp import start_ipython\n"
        "ip = start_ipython()\n"
        "ip.run_line_magic('load_ext', 'pfnb')\n"
        "import pfnb\n"
        "pfnb.webhook('webhook.lead.created').send({'name': 'Ada'})\n"
        "shown = ip.run_line_magic('webhook', 'inspect webhook.#')\n"
        "print(ip.display_formatter.format(shown)[0]['text/plain'])\n"
        "ip.run_line_magic('unload_ext', 'pfnb')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert "webhook.lead.created" in done.stdout
