"""Runs and steps as a notebook shows them."""

from __future__ import annotations

from pfnb.display import replayed_bundle, runs_bundle, steps_bundle
from tests.live.rows import step_row

RUN = {
    "id": "7",
    "listener": "lead",
    "eventId": "01J9Z6Q8W2",
    "eventKey": "lead.created",
    "created": 1682349730659,
    "status": "failed",
    "attempts": 2,
    "error": None,
}
STEP = step_row(number=2, command="crm.score", line=4, milliseconds=1234.5678)


def test_runs_are_rows_of_what_people_compare():
    text = runs_bundle("lead", [{**RUN, "error": {"errorType": "StepError", "statusMessage": "no", "line": 4}}])[
        "text/plain"
    ]
    heads, row = text.splitlines()[2:]
    assert heads.split("  ")[0].strip() == "Run"
    assert row.split() == [
        "7",
        "2023-04-24",
        "15:22:10",
        "lead.created",
        "failed",
        "2",
        "StepError:",
        "no",
        "(line",
        "4)",
    ]


def test_steps_tell_what_went_in_and_came_out_and_how_deep_they_stand():
    steps = [
        {**STEP, "input": {"factor": 2}, "output": "Grüße"},
        {**STEP, "number": 3, "depth": 2, "iteration": [4, 0], "pipeline": "inner", "error": "no such lead"},
    ]
    text = steps_bundle(RUN, steps)["text/plain"]
    assert text.startswith("Run 7 of lead  failed, 2 steps")
    assert '1,234.6  {"factor": 2}  Grüße' in text
    assert "· · crm.score [4] [0]  inner:4" in text
    assert "no such lead" in text


def test_what_strangers_sent_is_inert_bounded_and_without_secrets():
    secret = {"authorization": "Bearer 6f1ed002ab5595859014ebf0951522d9"}
    steps = [{**STEP, "input": secret, "output": "<script>alert(1)</script>" + "x" * 10_000}] * 500
    bundle = steps_bundle(RUN, steps)
    assert "<script>" not in bundle["text/html"]
    assert "6f1ed002" not in str(bundle)
    assert len(bundle["text/html"]) < 200_000
    assert "… 300 more" in bundle["text/plain"]


def test_nothing_is_a_line():
    assert runs_bundle("lead", [])["text/plain"] == "lead  0 runs"
    assert replayed_bundle([])["text/plain"] == "Replayed  nobody listens"
    assert "2 deliveries" in replayed_bundle([{"id": "1", "listener": "a"}, {"id": "2", "listener": "b"}])["text/plain"]
