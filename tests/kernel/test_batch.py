"""Where news of listeners goes with a client that executes cells while nobody is there, as nbclient does."""

from __future__ import annotations

import pytest

LISTENER = (
    "from IPython.display import display\n@pfnb.on('lead')\ndef lead(event):\n    print('PRIN' + 'TED')\n"
    "    display({'text/plain': 'FIG' + 'URE'}, raw=True)"
)
FAILING = "@pfnb.on('wrong')\ndef wrong(event):\n    if not event.json(): raise ValueError('no' + 'thing in it')"


class Batch:
    """A kernel whose cells are sent as nbclient sends them."""

    def __init__(self, kernel):
        self.kernel = kernel

    def run(self, code):
        return self.kernel.result(self.kernel.client.execute(code, allow_stdin=False))

    def ok(self, code):
        cell = self.run(code)
        assert cell.status == "ok", cell.error or cell.stderr
        return cell


@pytest.fixture(scope="module")
def batch(shared):
    return Batch(shared)


def board(cell):
    return cell.updates[-1]["text/plain"] if cell.updates else ""


def test_what_a_listener_prints_and_displays_goes_out_under_the_cell_that_runs(batch):
    batch.ok(LISTENER)
    fired = batch.ok("%event send key=lead\nevent = %event wait key=lead timeout=20")
    assert "PRINTED" in board(fired)
    assert "succeeded" in board(fired)
    assert [one["text/plain"] for one in fired.displays] == ["FIGURE"]


def test_what_comes_between_cells_goes_out_with_the_next(batch):
    batch.ok(LISTENER.replace("lead", "late"))
    cell = batch.kernel.client.execute(
        "import threading\nthreading.Timer(0.3, lambda: pfnb.run('pipeline: [{event.send: {key: late}}]')).start()",
        allow_stdin=False,
    )
    batch.kernel.result(cell)
    seen = ""
    while "PRINTED" not in seen:
        batch.kernel.collect(lambda: True)
        following = batch.ok("None")
        seen = board(following)
    assert not [one for one in batch.kernel.messages[cell] if one["msg_type"] == "update_display_data"]


def test_with_somebody_there_it_stays_under_the_listeners_own_cell(batch):
    mine = batch.kernel.submit(LISTENER.replace("lead", "live"))
    batch.kernel.result(mine)
    fired = batch.kernel.ok("%event send key=live\nevent = %event wait key=live timeout=20")
    output = batch.kernel.until(mine, lambda output: "PRINTED" in board(output) and len(output.displays) == 2)
    assert output.displays[1]["text/plain"] == "FIGURE"
    assert not fired.updates


def test_a_check_fails_for_a_run_that_failed_and_once_only(batch):
    batch.ok(FAILING)
    batch.ok("%event send key=wrong")
    failed = batch.run("%pipeline check")
    assert failed.status == "error"
    assert "1 run of this notebook's pipelines failed" in failed.error
    assert "nothing in it" in failed.error
    assert "wrong for wrong" in failed.error
    batch.ok("%pipeline check")


def test_a_check_waits_for_what_is_pending_and_forgives_what_was_repeated_with_success(batch):
    batch.ok(
        "import time\ntries = []\n@pfnb.on('slow')\ndef slow(event):\n    time.sleep(0.2); tries.append(1)\n"
        "    if len(tries) == 1: raise ValueError('once')"
    )
    batch.ok("%event send key=slow\n%event send key=slow\nevent = %event wait key=slow timeout=20\nevent.replay()")
    assert batch.ok("%pipeline check slow timeout=20\nlen(tries)").value == "3"


def test_a_check_of_what_does_not_end_says_what_it_waits_for(batch):
    batch.ok("go = threading.Event()\n@pfnb.on('stuck')\ndef stuck(event): go.wait(20)")
    failed = batch.run("%event send key=stuck\n%pipeline check timeout=0.3")
    assert "stuck did not finish within 0.3 seconds" in failed.error
    batch.ok("go.set()\n%pipeline check")


def test_in_voila_a_board_is_a_widget_since_its_page_changes_nothing_else(start_kernel):
    kernel = start_kernel(VOILA_PREHEAT="False")
    batch = Batch(kernel)
    batch.ok("%load_ext pfnb\nimport pfnb")
    (shown,) = batch.ok(LISTENER).displays
    model = shown["application/vnd.jupyter.widget-view+json"]["model_id"]
    batch.ok("%event send key=lead\nevent = %event wait key=lead timeout=20")

    def values():
        said = [
            one["content"] for messages in kernel.messages.values() for one in messages if one["msg_type"] == "comm_msg"
        ]
        return [one["data"].get("state", {}).get("value", "") for one in said if one["comm_id"] == model]

    kernel.collect(lambda: any("PRINTED" in value for value in values()))
