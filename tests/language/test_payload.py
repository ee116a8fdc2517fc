"""The event as a pipeline's body."""

from __future__ import annotations

import pytest

from pfnb.exceptions import PelEvaluationError
from pfnb.language import evaluate
from pfnb.language.payload import event_body

EVENT = {"id": "e1", "payload": {"origin": "e30=", "contentType": "application/json", "contentLength": 2}}


def test_reading_a_field_of_a_base64_payload_is_an_error_that_names_payload_type_raw() -> None:
    scope = {"vars": {}, "body": event_body(EVENT), "headers": {}}
    assert evaluate("body.payload.contentLength", scope) == 2
    with pytest.raises(PelEvaluationError, match=r"'name'.*payloadType=raw"):
        evaluate("body.payload.name", scope)


def test_a_run_that_changes_its_body_leaves_the_event_as_it_was() -> None:
    body = event_body({"payload": {"list": [1]}})
    body["payload"]["list"].append(2)
    assert event_body({"payload": {"list": [1]}})["payload"] == {"list": [1]}
    given = {"payload": {"list": [1]}}
    event_body(given)["payload"]["list"].append(2)
    assert given == {"payload": {"list": [1]}}


def test_what_was_there_before_and_after_is_at_hand_in_the_body_itself() -> None:
    assert event_body(EVENT)["origin"] == "e30="
    assert event_body({"eventKey": "lead.moved", "payload": {"target": {"value": "[1]"}}})["target"] == {"value": "[1]"}
    assert "target" not in event_body({"eventKey": "lead.moved", "payload": {"a": 1}})


@pytest.mark.parametrize(
    ("before", "after", "seen"),
    [
        (None, {"path": "/a", "value": '{"n": 1}'}, [None, {"path": "/a", "value": {"n": 1}}]),
        ({"value": "{ no JSON"}, {"value": None}, [{"value": "{ no JSON"}, {"value": None}]),
        ("/a", "/b", ["/a", "/b"]),
    ],
)
def test_of_a_property_with_its_json_read(before: object, after: object, seen: list[object]) -> None:
    event = {"eventKey": "property.updated", "payload": {"origin": before, "target": after}}
    body = event_body(event)
    assert [body["origin"], body["target"]] == seen
    assert body["payload"] == dict(zip(("origin", "target"), seen, strict=True))
