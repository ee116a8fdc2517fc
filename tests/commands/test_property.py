"""The property commands: over HTTP, as other programs call them, and in pipelines that listen for what changes."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import httpx
import pytest

from pfnb.exceptions import AccessDeniedError, ParameterError
from pfnb.http.server import LocalServer
from pfnb.hub.keeping import properties
from pfnb.language import ANONYMOUS
from tests.commands.conftest import real_hub as hub

__all__ = ["hub"]

PATH = "global/app/jobs/applicant/1"
WHOLE = f"/pipeforce/default/{PATH}"
PDF = b"%PDF-1.7\n\xff\x00" + bytes(range(256)) * 1000


@pytest.fixture
async def call() -> AsyncIterator[Callable[..., Coroutine[Any, Any, httpx.Response]]]:
    server = LocalServer()
    await server.start()
    headers = {"Authorization": f"Bearer {server.token}"}
    async with httpx.AsyncClient(trust_env=False, headers=headers) as client:

        async def call(command: str, content: bytes | None = None, kind: str = "", **params: Any) -> httpx.Response:
            url = f"{server.url}/api/v3/command/{command}"
            return await client.post(url, params=params, content=content, headers={"Content-Type": kind})

        yield call
    await server.stop()


async def test_a_json_document_is_put_read_listed_and_deleted_over_http(call):
    answer = await call("property.put", b'{"name": "someValue"}', "application/json", key="someKey")
    assert answer.json()["path"] == "/pipeforce/default/someKey"
    assert (await call("property.value.get", path="someKey")).json() == {"name": "someValue"}
    (found,) = (await call("property.list", filter="some*")).json()
    assert (found["value"], found["type"]) == ('{"name": "someValue"}', "application/json")
    assert (await call("property.exists", path="someKey")).json() is True
    assert (await call("property.delete", path="someKey")).json() == ["/pipeforce/default/someKey"]
    assert (await call("property.exists", path="someKey")).json() is False
    answer = await call("property.get", path="someKey")
    assert (answer.status_code, answer.json()["errorType"]) == (404, "NotFoundError")


async def test_what_looks_like_an_expression_in_a_value_over_http_stays_as_it_is(call):
    text = 'pipeline:\n  - log:\n      message: "#{body.payload}"'
    done = await call("property.schema.put", path=PATH, type="application/yaml;type=pipeline", value=text)
    assert done.json()["result"] == "create"
    assert (await call("property.value.get", path=PATH)).text == text


async def test_a_file_is_attached_and_fetched_over_http(call):
    await call("property.schema.put", path=PATH)
    await call("property.attachment.put", PDF, "application/pdf", key=PATH, name="my-cv.pdf")
    (listed,) = (await call("property.attachment.list", path=PATH)).json()
    assert (listed["name"], listed["contentType"], listed["contentLength"]) == (
        "my-cv.pdf",
        "application/pdf",
        len(PDF),
    )
    content = await call("property.attachment.content", path=PATH, name="my-cv.pdf")
    assert (content.content, content.headers["Content-Type"]) == (PDF, "application/pdf")
    await call("property.attachment.delete", path=PATH, name="my-cv.pdf")
    assert (await call("property.attachment.get", path=PATH, name="my-cv.pdf")).status_code == 404


async def test_a_file_as_a_value_is_its_text_or_base64(call):
    await call("property.put", b"a,b\n1,2\n", "text/csv", path=PATH)
    found = (await call("property.get", path=PATH)).json()
    assert (found["value"], found["type"]) == ("a,b\n1,2\n", None)
    await call("property.put", PDF, "application/pdf", path=PATH)
    found = (await call("property.get", path=PATH)).json()
    assert (base64.b64decode(found["value"]), found["type"]) == (PDF, "application/pdf;encoding=base64")
    value = await call("property.value.get", path=PATH)
    assert (value.content, value.headers["Content-Type"]) == (PDF, "application/pdf")


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"pattern": "**"}, "yes: true"),
        ({"path": "global/app/**"}, "is a pattern"),
        ({}, 'exactly one of "path" and "pattern"'),
        ({"path": "a", "pattern": "a/*"}, 'exactly one of "path" and "pattern"'),
        ({"path": "/pipeforce/other/x"}, "outside the namespace"),
    ],
)
async def test_what_must_not_be_deleted_is_not(call, parameters, said):
    answer = await call("property.delete", **parameters)
    assert answer.status_code == 400
    assert said in answer.json()["statusMessage"]
    assert (await call("property.delete", pattern="**", yes="true")).json() == []


async def test_attributes_are_changed_by_pattern(hub, run):
    pipeline = """
    pipeline:
      - property.put: {path: a/b/1, value: x}
      - property.put: {path: a/b/2, value: y, tags: "team:sales, region:eu"}
      - property.schema.put: {pattern: "a/b/*", ttl: 7, type: text/markdown}
    """
    done = await run(pipeline)
    assert [one["result"] for one in done.body] == ["update", "update"]
    found = await hub.list_properties("a/b/*")
    assert [(one["timeToLive"], one["type"], one["value"]) for one in found] == [
        (7, "text/markdown", "x"), (7, "text/markdown", "y"),
    ]  # fmt: skip
    assert found[1]["tags"] == {"team": "sales", "region": "eu"}


async def test_a_listing_has_a_bound_of_values_and_that_of_paths_has_none(call, monkeypatch):
    monkeypatch.setattr(properties, "LISTED", 100)
    for path in ("a/b/1", "a/b/2"):
        await call("property.put", path=path, value="x" * 60)
    refused = await call("property.list", pattern="a/b/*")
    assert refused.status_code == 400
    assert "property.keys" in refused.json()["statusMessage"]
    assert len((await call("property.list", pattern="a/b/1*")).json()) == 1
    assert len((await call("property.keys", pattern="a/b/*")).json()) == 2


async def test_a_value_that_is_not_there_is_its_default(hub, run):
    pipeline = """
    pipeline:
      - property.schema.put: {path: a/b, defaultValue: {eur: 1}, type: application/json}
      - property.value.get: {path: a/b}
    """
    assert (await run(pipeline)).body == {"eur": 1}


async def test_what_is_there_is_skipped_or_an_error_when_asked_for(hub, run):
    await hub.put_property("a/b", {"value": "old"})
    step = "property.schema.put: {path: a/b, value: new, existStrategy: %s}"
    assert (await run(f"pipeline:\n - {step % 'skip'}")).body["result"] == "skip"
    with pytest.raises(Exception, match="the property a/b already exists"):
        await run(f"pipeline:\n - {step % 'error'}")
    with pytest.raises(ParameterError, match="existStrategy"):
        await run(f"pipeline:\n - {step % 'rollback'}")
    assert (await hub.get_property("a/b"))["value"] == "old"


async def test_who_came_through_a_webhook_may_not_touch_properties(hub, run):
    with pytest.raises(AccessDeniedError, match=r"property\.put"):
        await run("pipeline:\n - property.put: {path: a/b, value: 1}", user=ANONYMOUS)


async def test_an_old_value_under_a_new_type_is_the_text_that_it_is(hub, run):
    await hub.put_property("a/b", {"value": "{", "type": "application/json"})
    assert (await run("pipeline:\n - property.value.get: {path: a/b}")).body == "{"
    await hub.put_property("a/b", {"value": "!", "type": "image/png; encoding=base64"})
    with pytest.raises(ParameterError, match="is not base64"):
        await run("pipeline:\n - property.value.get: {path: a/b}")
