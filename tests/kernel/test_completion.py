"""Tab in a real kernel, as front ends ask for it: with the whole cell and the place of the cursor."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def tab(shared):
    """Completes a cell at the `|` in it; each text as the line would then read up to the cursor."""
    shared.ok("hook = pfnb.webhook('tab.lead.created')")
    shared.ok("%%pipeline tab-lead\npipeline:\n- event.listen: {key: 'tab.lead.*'}\n")
    shared.ok("@pfnb.command('tab.score')\ndef score(body, factor: int = 1): ...")
    shared.ok("%pi command property.put path=global/app/tab value=1")
    shared.ok("%event send key=tab.lead.sent\nopen('tab-file.csv', 'w').close()\nimport os; os.mkdir('tab-dir')")

    def complete(cell):
        code, cursor = cell.replace("|", ""), cell.index("|")
        content = shared.client.complete(code, cursor, reply=True, timeout=20)["content"]
        before = code[: content["cursor_start"]].rpartition("\n")[2]
        return [before + text for text in content["matches"]]

    return complete


@pytest.mark.parametrize(
    ("cell", "texts"),
    [
        ("%webhook pu|", ["%webhook put"]),
        ("%webhook re|", ["%webhook receive", "%webhook replay"]),
        ("x = 1\nhook = %webhook pu|", ["hook = %webhook put"]),
        ("  %event |", ["  %event send", "  %event wait", "  %event list"]),
        ("%webhook put pay|", ["%webhook put payloadType="]),
        ("%webhook put signature.sec|", ["%webhook put signature.secret=", "%webhook put signature.secrets="]),
        ("%webhook put payloadType=r|", ["%webhook put payloadType=raw"]),
        ("%webhook put preset=str|", ["%webhook put preset=strava", "%webhook put preset=stripe"]),
        ("%webhook put active=|", ["%webhook put active=true", "%webhook put active=false"]),
        ("%webhook put eventKey=tab.lead.c|", ["%webhook put eventKey=tab.lead.created"]),
        ("%event wait key=tab.lead.s|", ["%event wait key=tab.lead.sent"]),
        ("%event wait key=a t|", ["%event wait key=a timeout="]),
        ("%webhook url --|", ["%webhook url --show"]),
        ("%pi comm|", ["%pi command"]),
        ("%pi command webhook.ro|", ["%pi command webhook.rotate"]),
        ("%pi command webhook.put payloadType=r|", ["%pi command webhook.put payloadType=raw"]),
        ("%pi get global/app/t|", ["%pi get global/app/tab"]),
        ("%pipeline delete tab-l|", ["%pipeline delete tab-lead"]),
        ("%pipeline debug tab-lead |", ["%pipeline debug tab-lead run="]),
        ("%webhook nonsense x|", ["%webhook nonsense x"]),
        ("%webhook send url=htt|", ["%webhook send url=htt"]),
        ("%event list status=f|", ["%event list status=failed"]),
        ("%%pipeline tab-l|\npipeline:", ["%%pipeline tab-lead"]),
        ("%%pipeline tab-lead --r|", [f"%%pipeline tab-lead --{flag}" for flag in ("run", "run-as-me", "replace")]),
        ("%%pipeline a\npipeline:\n- tab.s|", ["- tab.score: "]),
        ("%%pipeline a\npipeline:\n- tab.score:\n    fac|", ["    factor: "]),
        ("%%pipeline a\npipeline:\n- event.listen:\n    key: tab.lead.c|", ["    key: tab.lead.created"]),
        (
            "%%pipeline a\npipeline:\n- log: {message: '#{@text.upperCaseF|}'}\nbody: x",
            ["- log: {message: '#{@text.upperCaseFirst("],
        ),
        ("%webhook receive eventKey=a file=tab-f|", ["%webhook receive eventKey=a file=tab-file.csv"]),
        ("%webhook scan --dry-run tab-d|", ["%webhook scan --dry-run tab-dir/"]),
        ("%pipeline help @text.tri|", ["%pipeline help @text.trim"]),
    ],
)
def test_it_completes_what_stands_there(tab, cell, texts):
    assert tab(cell) == texts


def test_webhooks_are_completed_by_the_end_of_their_uuid(tab, shared):
    tail = shared.ok("print(hook.uuid[-6:])").stdout.strip()
    assert f"%webhook logs uuid={tail}" in tab("%webhook logs uuid=|")


def test_events_are_completed_by_their_id(tab):
    assert any(len(text) > 30 for text in tab("%webhook replay id=|"))


def test_python_is_completed_as_before(tab):
    assert "pfnb.webhook" in tab("pfnb.web|")
    assert "x = hook.event_key" in tab("x = hook.event_k|")


def test_within_a_quoted_text_nothing_of_ours_is_offered(tab):
    assert not any("tab.lead" in text for text in tab("%event send key=a payload='{\"eventKey=|"))


def test_a_hub_that_is_gone_leaves_the_rest(start_kernel):
    kernel = start_kernel()
    kernel.ok("%load_ext pfnb")
    kernel.ok("notebook = get_ipython().meta['pfnb']\nawait notebook.door.run(notebook._server.stop())")

    def matches(code):
        return kernel.client.complete(code, len(code), reply=True, timeout=20)["content"]["matches"]

    assert matches("%webhook logs eventKey=tab") == ["tab"]
    assert matches("%webhook lo") == ["logs"]


def test_unloading_takes_it_away(start_kernel):
    kernel = start_kernel()
    count = "print(len(get_ipython().Completer.custom_matchers))"
    before = kernel.ok(count).stdout
    kernel.ok("%load_ext pfnb\n%reload_ext pfnb\n%unload_ext pfnb")
    assert kernel.ok(count).stdout == before
