"""An event as Python code sees it."""

from __future__ import annotations

import base64
import hashlib

import pytest

from pfnb.client.contents import Unreadable
from pfnb.client.event import Event, EventFile
from pfnb.exceptions import HubUnreachableError, NotFoundError

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SECRET = "Bearer 6f1ed002ab5595859014ebf0951522d9"


class Stored(dict):
    """Contents by id; `asked` says which were read."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.asked = []

    def read(self, content_id, size=0):
        self.asked.append(content_id)
        if content_id not in self:
            raise NotFoundError(f"there is no content {content_id}")
        return self[content_id]


def make(body=b"", content_type="application/json", files=(), contents=None, **more):
    entry = {
        "id": "e1",
        "eventKey": "lead.created",
        "traceId": "6936bd:efg35ee",
        "correlationId": "c1",
        "created": 1682349730659,
        "method": "POST",
        "query": {"a": ["1"]},
        "status": "accepted",
        "contentType": content_type,
        "contentLength": len(body),
        "headers": {"content-type": content_type, "authorization": SECRET},
        "fields": {"name": ["Ada"], "tag": ["x", "y"]},
        "files": [
            {
                "field": field,
                "filename": name,
                "contentType": kind,
                "size": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
            }
            for field, name, kind, data in files
        ],
        "deliveries": [{"listener": "lead", "status": "succeeded", "attempts": 1, "error": None}],
        **more,
    }
    data = {key: entry[key] for key in ("id", "eventKey", "traceId", "correlationId", "created", "method", "headers")}
    data |= {"query": {"a": "1"}, "payload": {"n": 1}}
    stored = Stored({"e1": body, **{f"e1.{n}": file[3] for n, file in enumerate(files)}})
    return Event(entry, data, stored if contents is None else contents), stored


def test_its_facts_are_attributes():
    event, _ = make()
    assert (event.id, event.key, event.trace_id, event.correlation_id) == ("e1", "lead.created", "6936bd:efg35ee", "c1")
    assert (event.created, event.method, event.query, event.payload) == (1682349730659, "POST", {"a": "1"}, {"n": 1})
    assert event.headers["content-type"] == "application/json"
    assert event.fields == {"name": "Ada", "tag": ["x", "y"]}
    assert event.deliveries[0]["status"] == "succeeded"


def test_its_body_is_read_when_asked_for_and_only_once():
    event, stored = make(b'{"a": 1}')
    assert stored.asked == []
    assert event.json() == {"a": 1}
    assert event.text() == '{"a": 1}'
    assert event.body == b'{"a": 1}'
    assert stored.asked == ["e1"]


def test_a_body_that_came_with_the_row_is_not_asked_for():
    event, stored = make(b"x")
    event.entry["body"] = base64.b64encode(b"x").decode()
    assert event.body == b"x"
    assert stored.asked == []


def test_no_body_is_no_bytes():
    event, stored = make()
    assert event.body == b""
    assert stored.asked == []


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("Grüße".encode(), "text/plain", "Grüße"),
        ("Grüße".encode("latin-1"), "text/plain; charset=ISO-8859-1", "Grüße"),
        ("Grüße".encode("latin-1"), "text/plain", "Grüße"),
        ("Grüße".encode(), "text/plain; charset=nonsense", "Grüße"),
        ("Grüße".encode(), "text/plain; charset=rot13", "Grüße"),
    ],
)
def test_text_is_read_in_its_charset(body, content_type, text):
    assert make(body, content_type)[0].text() == text


def test_what_is_no_json_is_an_error_of_json():
    with pytest.raises(ValueError, match="Expecting value"):
        make(b"hello")[0].json()


def test_files_are_read_and_saved_where_one_says(tmp_path):
    event, stored = make(files=[("doc", "../evil.txt", "text/plain", b"hello"), (None, "", "image/png", PNG)])
    first, second = event.files
    assert (first.name, first.field, first.content_type, first.size) == ("../evil.txt", "doc", "text/plain", 5)
    assert first.sha256 == hashlib.sha256(b"hello").hexdigest()
    assert first.read() == b"hello"
    assert second.field is None
    target = tmp_path / "mine.txt"
    assert first.save(target) == target
    assert target.read_bytes() == b"hello"
    with pytest.raises(IsADirectoryError, match="add a file name"):
        first.save(tmp_path)
    assert stored.asked == ["e1.0", "e1.0"]


def test_a_file_that_retention_removed_is_not_found():
    event, stored = make(files=[("doc", "a.txt", "text/plain", b"hello")])
    del stored["e1.0"]
    with pytest.raises(NotFoundError):
        event.files[0].read()


def test_without_a_hub_reading_says_what_to_do():
    event, _ = make(b"x", contents=Unreadable())
    with pytest.raises(HubUnreachableError, match="%load_ext pfnb"):
        _ = event.body


def test_it_is_shown_with_pictures_and_without_secrets():
    event, _ = make(b"x", files=[("p", "a.png", "image/png", PNG)])
    bundle = event._repr_mimebundle_(include=None, exclude=None)
    assert "lead.created" in bundle["text/plain"]
    assert "data:image/png;base64," in bundle["text/html"]
    assert SECRET not in str(bundle)
    assert repr(event) == "Event('lead.created', POST, 1 bytes)"


def test_large_pictures_are_not_read_for_a_display():
    event, stored = make(files=[("p", "a.png", "image/png", PNG)])
    event.entry["files"][0]["size"] = 50_000_000
    assert event.previews() == {}
    assert stored.asked == []


def test_a_file_is_comparable_and_its_repr_short():
    (file,) = make(files=[("p", "a.png", "image/png", PNG)])[0].files
    assert isinstance(file, EventFile)
    assert "contents" not in repr(file)
