"""What a stranger sends names a stored pipeline at most: it never becomes steps, an expression or a user, by any door."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import pytest_asyncio

from pfnb.hub.home import HubOptions
from pfnb.language import User
from pfnb.language.roles import EVERYTHING
from pfnb.language.running.calls import PIPELINE_TYPE
from tests.worker.conftest import Hub, running_hub

GREET = "global/app/demo/pipeline/greet"
ROUTES = {
    "global/app/demo/pipeline/by-vars": 'call: "#{vars.action}"',
    "global/app/demo/pipeline/by-headers": 'pipeline.start: "#{headers.action}"',
    "global/app/demo/pipeline/by-body": 'call: "#{body.action}"',
}
LIFT = "iam.run.as: {username: ada}"
PARTS = ("vars", "headers", "body")
DOORS = {
    "start": ['pipeline.start: {key: "#{body.payload.action}"}'],
    "run": ['pipeline.run: "#{body.payload.action}"'],
    "call": ['call: "#{body.payload.action}"'],
    "amid text": ['call: "$uri:#{body.payload.rest}"'],
    "behind a scheme": ['call: "$uri:pipeline:#{body.payload.rest}"'],
    "amid more text": ['call: "#{body.payload.scheme}#{body.payload.rest}"'],
    "resolve": ['body.set: "#{@resolve.uri(body.payload.action)}"'],
    "resolve a sum": ["body.set: \"#{@resolve.uri('$uri:' + body.payload.rest)}\""],
    "resolve a choice": ["body.set: \"#{@resolve.uri(true ? body.payload.action : '')}\""],
    "variables": ['eval: "vars.a = body.payload.action"', 'call: "#{vars.a}"'],
    "loop": ['foreach: {in: "#{body.payload.all}", as: one}', 'call: "#{vars.one}"', "foreach.end"],
    "vars of another": ['pipeline.start: {key: global/app/demo/pipeline/by-vars, vars: "#{body.payload}"}'],
    "headers of another": ['pipeline.start: {key: global/app/demo/pipeline/by-headers, headers: "#{body.payload}"}'],
    "body of another": ['pipeline.start: {key: global/app/demo/pipeline/by-body, body: "#{body.payload}"}'],
    "select": ['body.set: "#{@data.select(body, body.payload.expression)}"'],
    "select a list": ['body.set: "#{@data.select(body, {body.payload.expression})}"'],
    "format": ["body.set: \"#{@text.concatAndFormat('', {1}, body.payload.expression)}\""],
    "lazy": ['body.set: "#{@property.lazy(body.payload.lazy)}"'],
    "resolve a value": ["body.set: \"#{@resolve.uri('$uri:property:' + body.payload.lazy)}\""],
}
OWNED = "body.set?value=#{'OW' + 'NED'}"
TOKEN = "iam.run.as?username=ada|iam.apitoken?username=ada"
ACTIONS = [
    f"$uri:command:{TOKEN}",
    f"uri:command:{TOKEN}",
    f"  $uri:command:{TOKEN}  ",
    f"$uri:pipeline:{TOKEN}",
    f"$URI:COMMAND:{TOKEN}",
    f"$uri:command:{quote(TOKEN)}",
    quote(f"$uri:command:{TOKEN}"),
    TOKEN,
    f"\n{TOKEN}",
    OWNED,
    f"$uri:command:{OWNED}",
    f"$uri:pipeline:{OWNED}",
    f"$uri:pipeline:call?uri=$uri:command:{OWNED}",
    f"$uri:pipeline:{GREET}|{OWNED}",
    "iam.apitoken?username=ada",
    "pipeline: [{iam.run.as: {username: ada}}, {iam.apitoken: {username: ada}}]",
    json.dumps({"pipeline": [{"body.set": "#{'OW' + 'NED'}"}]}),
]


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hub() -> AsyncIterator[Hub]:
    async with running_hub(HubOptions()) as made:
        await made.put(GREET, 'vars: {name: nobody}\npipeline: [{body.set: "Hello #{vars.name}"}]')
        await made.server.hub.properties.put("global/app/demo/config", {"value": "kept"}, "ada", "update")
        for path, step in ROUTES.items():
            await made.put(path, f"pipeline:\n  - {step}")
        yield made


def payload(action: str) -> dict[str, Any]:
    rest = action.strip().removeprefix("$").removeprefix("uri:")
    expression = "'OW' + 'NED'"
    return {
        "action": action,
        "scheme": "$uri:",
        "rest": rest,
        "all": [action],
        "expression": expression,
        "lazy": f"global/app/demo/config#{expression}",
    }


@pytest.mark.parametrize("lift", [[], [LIFT]], ids=["as nobody", "as the owner"])
@pytest.mark.parametrize("door", DOORS)
async def test_a_payload_brings_no_steps_and_no_expressions(hub: Hub, door: str, lift: list[str]) -> None:
    await hub.save(*lift, *DOORS[door])
    for action in ACTIONS:
        answer = await hub.send(payload(action), wait="true")
        assert answer["status"] == "error", (action, answer)
        assert "OWNED" not in json.dumps(answer)
        assert "pfnb_" not in json.dumps(answer)


@pytest.mark.parametrize(
    "door", ["start", "run", "call", "resolve", "variables", "loop", *map("{} of another".format, PARTS)]
)
async def test_a_payload_may_name_a_stored_pipeline(hub: Hub, door: str) -> None:
    await hub.save(*DOORS[door])
    for action in (GREET, f"$uri:pipeline:{GREET}", f"{GREET}?name=Ada", f"uri:property:{GREET}?name=%23%7B1%2B1%7D"):
        if door == "resolve" and "uri:pipeline:" not in action:
            continue
        said = {GREET: "nobody", f"{GREET}?name=Ada": "Ada"}.get(action, "#{1+1}" if "%23" in action else "nobody")
        assert (await hub.send(payload(action), wait="true"))["value"] == f"Hello {said}"


async def test_who_may_call_commands_calls_inline_pipelines(hub: Hub) -> None:
    async def said(**query: str) -> httpx.Response:
        return await hub.http.post("/api/v3/command/pipeline.start", params=query)

    assert (await said(key="body.set?value=mine")).text == "mine"
    assert (await said(key=GREET, vars='{"name": "Ada"}')).text == "Hello Ada"
    text = 'pipeline:\n  - call: "$uri:command:body.set?value=mine"'
    assert (await hub.http.post("/api/v3/pipeline", content=text)).text == "mine"
    text = 'pipeline:\n  - pipeline.start: "#{body.action}"'
    files = {"pipeline": (None, text), "file": ("a.json", json.dumps({"action": OWNED}), "application/json")}
    assert (await hub.http.post("/api/v3/pipeline", files=files)).status_code == 400


async def test_in_the_worker_another_users_pipeline_acts_by_that_users_rights(hub: Hub) -> None:
    admin = User("ada", EVERYTHING)
    for name, roles in {"bob": ("CAN_RUN_AS_SOURCE", "CAN_RUN_AS_TARGET"), "carol": ("CAN_RUN_AS_TARGET",)}.items():
        await hub.server.hub.users.create(name, admin, password=None, roles=roles)
    who = "{iam.authinfo: {output: vars.who}}, {body.set: '#{vars.who.username}'}"
    await hub.save("iam.run.as: {username: bob}", "pipeline.start: global/app/bob/theirs")
    for name, said in {"bob": "bob", "carol": "carol", "anonymousUser": "anonymousUser", "ada": None}.items():
        text = f"pipeline: [{{iam.run.as: {{username: {name}}}}}, {who}]"
        await hub.put("global/app/bob/theirs", text, "bob")
        assert (await hub.send({}, wait="true")).get("value") == said


async def test_in_the_worker_what_an_event_brings_does_not_become_a_pipeline(hub: Hub) -> None:
    stranger = "pipeline: [{iam.run.as: {username: ada}}, {iam.apitoken: {username: ada}}]"
    sent = {"path": GREET, "text": stranger, "type": PIPELINE_TYPE}
    for step in (
        'property.put: {path: "#{body.payload.path}", value: "#{body.payload.text}"}',
        'property.put: {path: global/app/demo/x, value: "#{body.payload.text}", type: "#{body.payload.type}"}',
        'pipeline.put: {path: "#{body.payload.path}", value: "#{body.payload.text}"}',
        'body.set: "#{@property.updateValue(body.payload.path, body.payload.text)}"',
    ):
        await hub.save(LIFT, step)
        assert (await hub.send(sent, wait="true"))["status"] == "error"
    await hub.save(LIFT, 'property.put: {path: global/app/demo/x, value: "#{body.payload.text}"}', f"call: {GREET}")
    assert (await hub.send(sent, wait="true"))["value"] == "Hello nobody"


async def test_in_the_worker_a_path_that_an_event_brings_touches_no_pipeline(hub: Hub) -> None:
    await hub.server.hub.properties.put("global/app/demo/data", {"value": "data"}, "ada", "update")
    there = (await hub.server.hub.properties.get(GREET, "ada")).to_json()
    sent = {"path": GREET, "data": "global/app/demo/data", "new": "global/app/demo/pipeline/new"}
    for step in (
        'property.copy: {path: global/app/demo/data, to: "#{body.payload.path}"}',
        'property.copy: {path: "#{body.payload.path}", to: "#{body.payload.new}"}',
        f'property.copy: {{path: {GREET}, to: "#{{body.payload.new}}"}}',
        f'property.move: {{path: {GREET}, to: "#{{body.payload.new}}"}}',
        'property.move: {path: "#{body.payload.path}", to: global/app/demo/gone}',
        'property.put: {path: "#{body.payload.path}", value: "pipeline: [{datetime: {}}]"}',
        'property.value.put: {path: "#{body.payload.path}", value: "pipeline: [{datetime: {}}]"}',
        'property.schema.put: {path: "#{body.payload.path}", timeToLive: 1}',
        'property.schema.put: {pattern: "#{body.payload.path}", type: text/plain}',
        'property.delete: {path: "#{body.payload.path}"}',
        "property.delete: {pattern: \"#{body.payload.path + '*'}\"}",
    ):
        await hub.save(LIFT, step)
        assert (await hub.send(sent, wait="true"))["status"] == "error", step
        assert (await hub.server.hub.properties.get(GREET, "ada")).to_json() == there, step
    assert await hub.server.hub.properties.find(sent["new"], "ada") == []
    await hub.save(LIFT, 'property.copy: {path: "#{body.payload.data}", to: "#{body.payload.new}"}', "body.set: copied")
    assert (await hub.send(sent, wait="true"))["value"] == "copied"
    await hub.save(
        LIFT, f"property.copy: {{path: {GREET}, to: global/app/demo/pipeline/two}}", "body.set: said in place"
    )
    assert (await hub.send(sent, wait="true"))["value"] == "said in place"
