"""The event object and the log row have exactly the documented shapes, for every payload type."""

import base64
import hashlib
import json
from dataclasses import replace

import pytest

from pfnb.hub.payload import MOST_VALUES, event_object, log_entry
from pfnb.hub.receiving.request import FilePart
from pfnb.hub.records.event import Event

EVENT = Event(
    id="e1",
    event_key="webhook.lead.created",
    namespace="default",
    trace_id="6936bd:efg35ee",
    correlation_id="c1",
    created=1682349730659,
    query={"a": ["1"], "b": ["2", "3"]},
    headers={"content-type": "application/json"},
    content_type="application/json",
)
UUID, OTHER = "0b0c6a8e-6d6b-4f1e-9d5e-5b8f3f6936bd", "99999999-6d6b-4f1e-9d5e-5b8f3f999999"
FILE = FilePart("cv", "cv.pdf", "application/pdf", 100, 4, "ab" * 32)


def payload(body: bytes, payload_type: str = "raw", **changes: object) -> object:
    return event_object(replace(EVENT, **changes), payload_type=payload_type, body=body)["payload"]


def test_event_object_is_exactly_the_documented_one():
    assert event_object(EVENT, payload_type="raw", body=b'{"x": 1}') == {
        "id": "e1",
        "eventKey": "webhook.lead.created",
        "namespace": "default",
        "traceId": "6936bd:efg35ee",
        "correlationId": "c1",
        "async": True,
        "created": 1682349730659,
        "method": "POST",
        "path": {},
        "query": {"a": "1", "b": ["2", "3"]},
        "rawQuery": "",
        "remoteAddress": "",
        "headers": {"content-type": "application/json"},
        "payload": {"x": 1},
    }


def test_base64_payload_is_exact():
    body = b"\x00\xff{"
    assert payload(body, "base64") == {
        "origin": base64.b64encode(body).decode(),
        "contentType": "application/json",
        "contentLength": 3,
    }


def test_outbound_payload_is_a_reference_to_the_body():
    assert payload(b"abc", "outbound", content_type="image/png") == {
        "name": "body",
        "field": None,
        "contentType": "image/png",
        "contentLength": 3,
        "contentEncoding": None,
        "checksum": f"sha-256={hashlib.sha256(b'abc').hexdigest()}",
        "content": "$uri:attachment:e1",
    }


@pytest.mark.parametrize("payload_type", ["base64", "raw", "outbound"])
def test_multipart_payload_is_a_content_collection(payload_type):
    changes = {
        "content_type": "multipart/form-data; boundary=x",
        "files": (FILE,),
        "fields": {"n": ["1"], "m": ["2", "3"]},
    }
    assert payload(b"whatever", payload_type, **changes) == {
        "path": "/",
        "children": [
            {
                "name": "cv.pdf",
                "field": "cv",
                "contentType": "application/pdf",
                "contentLength": 4,
                "contentEncoding": None,
                "checksum": f"sha-256={'ab' * 32}",
                "content": "$uri:attachment:e1.0",
            }
        ],
        "fields": {"n": "1", "m": ["2", "3"]},
    }


def test_ignored_payload_is_null():
    assert payload(b"abc", "ignore") is None
    assert payload(b"abc", "ignore", content_type="multipart/form-data; boundary=x", files=(FILE,)) is None


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("application/json", b'[1, "a", null]', [1, "a", None]),
        ("application/cloudevents+json; charset=utf-8", b"7", 7),
        ("text/plain", b' {"sns": true}', {"sns": True}),
        ("", b"\xef\xbb\xbf{}", {}),
        ("application/json", b'{"a": 1, "a": 2}', {"a": 2}),
        ("application/json", b'{"half": "\\ud83d", "whole": "\\ud83d\\ude00"}', {"half": "\ufffd", "whole": "😀"}),
        ("application/json", '{"half": "\\ud83d"}'.encode("utf-16"), {"half": "\ufffd"}),
        ("application/json", b"{'a': 1}", "{'a': 1}"),
        ("application/json", b'{"a": 1} rest', '{"a": 1} rest'),
        ("application/json", b'{"a": NaN}', '{"a": NaN}'),
        ("application/json", b"[-Infinity]", "[-Infinity]"),
        ("application/json", b'{"a": 1e400}', '{"a": 1e400}'),
        ("application/json", b"[" * 101 + b"]" * 101, "[" * 101 + "]" * 101),
        ("application/json", b"[" * 50_000, "[" * 50_000),
        ("text/csv", "ä;b".encode(), "ä;b"),
        ("text/plain; charset=windows-1252", b"\x80", "€"),
        ("text/plain; charset=klingon", "ä".encode(), "ä"),
        ("application/atom+xml", b"<a/>", "<a/>"),
        ("garbage", b"free text", "free text"),
    ],
)
def test_raw_payload_is_json_else_text(content_type, body, expected):
    assert payload(body, content_type=content_type) == expected


def test_raw_payload_of_a_form_is_its_fields_and_without_a_body_the_query():
    changes = {"content_type": "application/x-www-form-urlencoded", "fields": {"x": ["1"], "y": ["2", "3"]}}
    assert payload(b"x=1&y=2&y=3", **changes) == {"x": "1", "y": ["2", "3"]}
    assert payload(b"") == {"a": "1", "b": ["2", "3"]}


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("image/png", b"ascii anyway"),
        ("application/octet-stream", b"ascii anyway"),
        ("text/plain", b"\xff\xfe\x00"),
        ("application/json", b"\x1f\x8b\x08\x00\xff"),
    ],
)
def test_raw_payload_that_is_no_text_is_a_reference(content_type, body):
    reference = payload(body, content_type=content_type)
    assert isinstance(reference, dict)
    assert (reference["content"], reference["contentType"]) == ("$uri:attachment:e1", content_type)


def test_json_key_that_named_the_webhook_is_left_out_of_a_parsed_payload_only():
    body = b'{"uuid": "%s", "token": "t", "in": {"uuid": "%s"}}' % (UUID.upper().encode(), UUID.encode())
    assert payload(body, webhook=UUID) == {"token": "t", "in": {"uuid": UUID}}
    assert payload(body, webhook=OTHER) == payload(body, webhook=None) == json.loads(body)
    assert payload(body, "base64", webhook=UUID)["origin"] == base64.b64encode(body).decode()


def test_deepest_accepted_json_can_be_written_again():
    body = b'{"a":' * 100 + b"1" + b"}" * 100
    assert json.dumps(payload(body), separators=(",", ":")).encode() == body


def test_log_entry_keeps_lists_bytes_and_deliveries():
    deliveries = [{"listener": "lead", "status": "pending", "attempts": 0, "error": None}]
    event = replace(EVENT, size=2, files=(FILE,), fields={"n": ["1"]})
    entry = log_entry(event, b"\x00\x01", deliveries)
    assert entry == {
        "id": "e1",
        "eventKey": "webhook.lead.created",
        "traceId": "6936bd:efg35ee",
        "correlationId": "c1",
        "created": 1682349730659,
        "method": "POST",
        "query": {"a": ["1"], "b": ["2", "3"]},
        "status": "accepted",
        "contentType": "application/json",
        "contentLength": 2,
        "headers": {"content-type": "application/json"},
        "body": "AAE=",
        "fields": {"n": ["1"]},
        "files": [
            {"field": "cv", "filename": "cv.pdf", "contentType": "application/pdf", "size": 4, "sha256": "ab" * 32}
        ],
        "deliveries": deliveries,
    }
    assert "body" not in log_entry(event, None, [])


def test_json_of_more_values_than_a_pipeline_is_given_is_referred_to():
    body = b"[" + b"1," * MOST_VALUES + b"1]"
    seen = payload(body)
    assert (seen["content"], seen["contentType"]) == (f"$uri:attachment:{EVENT.id}", "application/json")
    assert (seen["contentLength"], seen["checksum"]) == (len(body), f"sha-256={hashlib.sha256(body).hexdigest()}")
    assert payload(b"[1, 2]") == [1, 2]
