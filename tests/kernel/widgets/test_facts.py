"""What the browser is told of an event is text: masked, visible, bounded."""

from __future__ import annotations

import json

from pfnb.kernel.widgets.facts import event_facts, row_facts, step_facts
from pfnb.language.masking import MASK, Mask
from tests.live.rows import listed_row, step_row

UUID = "0b0c6a8e-6d6b-4f1e-9d5e-5b8f3f6936bd"


def row(**more):
    return listed_row(7, **{"contentLength": 1_234, "headers": {}, **more})


def delivery(status, **more):
    return {"id": "1", "listener": "lead", "status": status, "attempts": 1, "error": None, **more}


def test_the_worst_delivery_gives_the_tone():
    told = row_facts(row(deliveries=[delivery("succeeded"), delivery("failed"), delivery("succeeded")]))
    assert told["tone"] == "failed"
    assert told["state"] == "1 failed, 2 succeeded"


def test_a_row_of_thousands_of_deliveries_stays_small():
    told = row_facts(row(deliveries=[delivery("pending")] * 5_000))
    assert len(json.dumps(told)) < 2_000
    assert told["state"] == "5,000 pending"


def test_secrets_and_unseen_characters_are_told_in_no_part():
    hostile = row(
        eventKey=f"webhook.{UUID}",
        headers={"authorization": "Bearer abc123abc123", "x-note": f"see {UUID}"},
        path={"token": "s3cret", "place": f"{UUID}\u202e"},
        query={"api_key": ["s3cret"], "a\u202eb": ["\x1b[31m"]},
        files=[{"filename": f"{UUID}\u202e.png", "field": "f", "contentType": "image/png", "size": 3, "sha256": "0"}],
        deliveries=[delivery("failed", error={"errorType": "StepError", "statusMessage": "password: hunter2"})],
    )
    told = json.dumps([row_facts(hostile), event_facts(hostile, Mask.for_entries([hostile]))], ensure_ascii=False)
    for secret in (UUID, "abc123abc123", "s3cret", "hunter2", "\u202e", "\x1b"):
        assert secret not in told
    assert "…6936bd" in told


def test_hidden_headers_say_so():
    told = event_facts(row(headers={"cookie": "a=1"}), Mask())
    assert told["headers"] == [{"name": "cookie", "value": MASK, "hidden": True}]


def test_the_parameters_of_a_path_are_told():
    told = event_facts(row(path={"id": "17"}), Mask())
    assert told["path"] == [{"name": "id", "value": "17", "hidden": False}]
    assert event_facts(row(), Mask())["path"] == []


def test_a_step_says_where_it_stood_and_in_which_round():
    record = step_row(number=4, line=9, iteration=[0, 2], pipeline="crm", output={"token": "s3cret"})
    told = step_facts(record, Mask())
    assert told["where"] == "line 9 of crm, round 1.3"
    assert "s3cret" not in told["output"]
