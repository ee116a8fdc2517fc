"""The property commands: over HTTP, as other programs call them, and in pipelines that listen for what changes."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import httpx
import pytest

from pfnb.exceptions import AccessDeniedError, LockedError, NotFoundError, ParameterError
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


async def test_a_property_is_locked_for_another_user_and_for_oneself(run, hub):
    await hub.put_property(PATH, {"value": "a"})
    await hub.iam("create_user", username="bob")
    bob = (await hub.iam("get_user", username="bob"))["uuid"]
    lock = (await run(f"pipeline:\n  - property.lock.create: {{key: {PATH}, uuid: {bob}}}")).body
    assert (lock["type"], lock["name"], lock["uuid"], lock["ttl"]) == ("user", "bob", bob, None)
    with pytest.raises(LockedError, match=r"locked \(user bob\)"):
        await run(f"pipeline:\n  - property.value.put: {{path: {PATH}, value: b}}")
    assert (await run(f"pipeline:\n  - property.lock.get: {PATH}")).body == lock
    await run(f"pipeline:\n  - property.lock.remove: {PATH}\n  - property.lock.create: {{path: {PATH}, ttl: 60000}}")
    await run(f"pipeline:\n  - property.value.put: {{path: {PATH}, value: b}}")
    assert (await hub.get_property(PATH))["lock"]["name"] == "ada"
    with pytest.raises(NotFoundError, match="no user with the uuid"):
        await run(f"pipeline:\n  - property.lock.put: {{path: {PATH}, type: user, uuid: nobody}}")
    with pytest.raises(NotFoundError, match="there is no property"):
        await run("pipeline:\n  - property.lock.put: {path: global/none}")
    assert await hub.list_properties("global/none") == []


async def test_properties_are_put_into_the_trash_bin_and_taken_back(run, hub):
    for number in range(3):
        await hub.put_property(f"global/app/demo/{number}", {"value": number})
    thrown = await run('pipeline:\n  - property.delete: {pattern: "global/app/demo/*", trashBin: true}')
    assert len(thrown.body) == 3
    listed = (
        'pipeline:\n  - property.list: {pattern: "global/**", includeTrashed: %s}\n  - body.set: "#{body.![value]}"'
    )
    assert (await run(listed % "false")).body == []
    assert (await run(listed % "true")).body == ["0", "1", "2"]
    assert (await run("pipeline:\n  - property.lock.get: global/app/demo/1")).body["ttl"] == 30 * 24 * 3_600_000
    await run("pipeline:\n  - property.lock.remove: global/app/demo/1")
    assert (await run(listed % "false")).body == ["1"]


async def test_tags_are_added_at_the_same_time_and_none_is_lost(run, hub):
    await hub.put_property(PATH, {"value": "a", "tags": {"first": "1"}})
    steps = (run(f"pipeline:\n  - property.tag.put: {{path: {PATH}, tags: 'a{n}:{n}', name: b{n}}}") for n in range(10))
    await asyncio.gather(*steps)
    tags = (await run(f"pipeline:\n  - property.tag.list: {PATH}")).body
    assert tags == {"first": "1"} | {f"a{n}": str(n) for n in range(10)} | {f"b{n}": "" for n in range(10)}
    assert (await run(f"pipeline:\n  - body.set: kept\n  - property.tag.put: {{path: {PATH}}}")).body == "kept"


async def test_a_property_is_found_by_its_uuid_and_its_value_gets_it(run, hub):
    uuid = (await hub.put_property(PATH, {"value": {"a": 1}}))["property"]["uuid"]
    assert (await run(f"pipeline:\n  - property.get: {{uuid: {uuid}}}")).body["path"] == WHOLE
    with_uuid = await run(f"pipeline:\n  - property.value.get: {{path: {PATH}, includeUuidField: id, decrypt: true}}")
    assert with_uuid.body == {"a": 1, "id": uuid}
    await run(f"pipeline:\n  - property.value.put: {{path: {PATH}, value: {{a: 2, id: x}}, ignoreUuidField: id}}")
    listed = 'pipeline:\n  - property.value.list: {pattern: "global/**", includeUuidField: id, includeKeyField: key}'
    assert (await run(listed)).body == [{"a": 2, "id": uuid, "key": WHOLE}]
    with pytest.raises(ParameterError, match='"path" or "uuid"'):
        await run("pipeline:\n  - property.get:")
    with pytest.raises(NotFoundError, match="uuid"):
        await run("pipeline:\n  - property.get: {uuid: none}")


async def test_what_lists_and_searches_return(run, hub):
    for name in ("a", "b/1", "b/2", "c/d/e"):
        await hub.put_property(f"global/app/demo/{name}", {"value": f"Text {name}", "type": "text/plain"})
    base = "/pipeforce/default/global/app/demo"
    for folder in ("global/app/demo", "global/app/demo/*", f"{base}/"):
        children = await run(f'pipeline:\n  - property.path.children: {{pattern: "{folder}"}}')
        assert children.body == [f"{base}/a", f"{base}/b/", f"{base}/c/"]
    assert (await run('pipeline:\n  - property.path.list: "global/app/demo/b/*"')).body == [
        f"{base}/b/1",
        f"{base}/b/2",
    ]
    search = "pipeline:\n  - property.search: {pathFilter: 'global/**', valueFilter: TEXT B, info: true, maxResults: 1, page: 2}"
    found = (await run(search)).body
    assert (found["total"], found["offset"], [one["value"] for one in found["result"]]) == (2, 1, ["Text b/2"])
    assert (await run("pipeline:\n  - property.search: {keyFilter: 'global/**', typeFilter: json}")).body == []


async def test_an_expression_selects_values_of_any_shape(run, hub):
    for number, value in enumerate([{"amount": 70, "to": "Ada"}, {"to": "Bob"}, {"self": 1, "amount": 99}]):
        await hub.put_property(f"global/invoice/{number}", {"value": value})
    text = "pipeline:\n  - property.value.expression: {from: 'global/invoice/*', %s}"
    assert (await run(text % "where: amount > 80, select: value.amount")).body == [99]
    assert (await run(text % "select: to")).body == ["Ada", "Bob", None]
    assert (await run(text % "aggregate: values.size()")).body == 3
    assert len((await run(text % "select: '*'")).body) == 3


@pytest.mark.parametrize("given", ["encrypted: true", "evalValue: false"])
async def test_a_parameter_that_cannot_be_kept_is_refused_with_its_reason(run, hub, given):
    with pytest.raises(ParameterError, match=given.split(":")[0]):
        await run(f"pipeline:\n  - property.schema.put: {{path: {PATH}, value: a, {given}}}")
    assert await hub.list_properties("**") == []
