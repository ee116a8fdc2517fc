"""Whose rights a step has: those of a user whom the pipeline's own text names, for as long as that pipeline runs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from pfnb import functions
from pfnb.commands import registry
from pfnb.exceptions import AccessDeniedError
from pfnb.hub.access import HubAccess
from pfnb.hub.home import Home, HubOptions
from pfnb.language import ANONYMOUS, Runner, User, parse_pipeline
from pfnb.language.roles import EVERYTHING
from pfnb.language.running.calls import PIPELINE_TYPE

ADA = User("ada", EVERYTHING)
WHO = "{iam.authinfo: {output: vars.who}}, {body.set: '#{vars.who.username}'}"
OTHERS = "global/app/bob/pipeline/theirs"


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    """Ada's hub. Bob lets others run as him and may do so himself, carol lets others."""
    home = Home(HubOptions(owner="ada"))
    await home.open()
    for name, roles in {
        "bob": ("CAN_RUN_AS_SOURCE", "CAN_RUN_AS_TARGET", "CAN_PIPE_%"),
        "carol": ("CAN_RUN_AS_TARGET",),
        "dave": ("CAN_PIPE_property.%",),
    }.items():
        await home.hub.users.create(name, ADA, password=None, roles=roles)
    yield home
    await home.close()


async def ran(home: Home, text: str, owner: User = ADA, **given: Any) -> Any:
    """A run that a stranger's event started."""
    hub = HubAccess(home.hub, home.hub.users.user(owner.name), "http://127.0.0.1:8899/pfnb")
    pipeline = parse_pipeline(text, registry)
    result = await Runner(registry, functions.registry).run(
        pipeline, user=ANONYMOUS, owner=owner, hub=hub, event={"id": "1"}, **given
    )
    return result.body


async def put(home: Home, path: str, text: str, owner: str = "ada") -> None:
    await home.hub.properties.put(path, {"value": text, "type": PIPELINE_TYPE}, owner, "update")


@pytest.mark.parametrize("name", ["ada", "systemuser", "bob"])
async def test_a_name_in_the_text_lifts_and_the_same_name_in_data_does_not(home: Home, name: str) -> None:
    assert await ran(home, f"pipeline: [{{iam.run.as: {{username: {name}}}}}, {WHO}]") == name
    for computed in ("#{vars.name}", "#{body.name}", "#{'a' == 'a' ? vars.name : ''}", name[:1] + "#{vars.rest}"):
        text = f'pipeline: [{{iam.run.as: {{username: "{computed}"}}}}, {WHO}]'
        with pytest.raises(AccessDeniedError, match="anonymousUser may not run as"):
            await ran(home, text, vars={"name": name, "rest": name[1:]}, body={"name": name})


async def test_a_computed_name_counts_by_the_rights_of_the_current_user(home: Home) -> None:
    computed = 'iam.run.as: {username: "#{vars.name}"}'
    for first, name, allowed in [
        ("ada", "bob", True),
        ("ada", "dave", False),
        ("ada", "ada", True),
        ("ada", "systemuser", True),
        ("bob", "carol", True),
        ("bob", "ada", False),
        ("bob", "systemuser", False),
        ("carol", "bob", False),
        ("carol", "ada", False),
        ("carol", "anonymousUser", True),
    ]:
        text = f"pipeline: [{{iam.run.as: {{username: {first}}}}}, {{{computed}}}, {WHO}]"
        if allowed:
            assert await ran(home, text, vars={"name": name}) == name
        else:
            with pytest.raises(AccessDeniedError):
                await ran(home, text, vars={"name": name})


@pytest.mark.parametrize("text", ["headers: {authorization: RunAs ada}\n", "headers: {runAs: ada}\n", ""])
async def test_another_users_pipeline_is_not_lifted_by_the_callers_rights(home: Home, text: str) -> None:
    """Ada's pipeline calls one of bob's as bob. It acts as bob, but no text of his is lifted to ada."""
    lift = "" if text else "{iam.run.as: {username: ada}}, "
    await put(home, OTHERS, f"{text}pipeline: [{lift}{WHO}]", "bob")
    as_bob = f"{{iam.run.as: {{username: bob}}}}, {{pipeline.start: {OTHERS}}}"
    with pytest.raises(AccessDeniedError, match="bob may not run as ada"):
        await ran(home, f"pipeline: [{as_bob}]")
    with pytest.raises(AccessDeniedError, match="does not belong to ada"):
        await ran(home, f"pipeline: [{{iam.run.as: {{username: ada}}}}, {{pipeline.start: {OTHERS}}}]")


async def test_another_users_pipeline_is_lifted_by_its_own_owners_rights(home: Home) -> None:
    as_bob = f"{{iam.run.as: {{username: bob}}}}, {{pipeline.start: {OTHERS}}}"
    for lift, who in [
        ("", "bob"),
        ("{iam.run.as: {username: carol}},", "carol"),
        ("{iam.run.as: {username: anonymousUser}}, {iam.run.as: {username: bob}},", "bob"),
        ("{pipeline.start: 'iam.run.as?username=carol|iam.authinfo'}, {iam.run.as: {username: bob}},", "bob"),
    ]:
        await put(home, OTHERS, f"pipeline: [{lift} {WHO}]", "bob")
        assert await ran(home, f"pipeline: [{as_bob}]") == who
        assert await ran(home, f"pipeline: [{as_bob}, {WHO}]") == "bob"


async def test_mocks_are_not_shared_with_another_users_pipeline(home: Home) -> None:
    mock = "{mock.command: {command: iam.authinfo, thenSetVar: {who: {username: nobody}}}}"
    await put(home, OTHERS, f"pipeline: [{WHO}, {mock}]", "bob")
    as_bob = f"{{iam.run.as: {{username: bob}}}}, {mock}, {{pipeline.start: {{key: {OTHERS}, output: vars.theirs}}}}"
    assert await ran(home, f"pipeline: [{as_bob}, {{body.set: '#{{vars.theirs}}'}}]") == "bob"
    text = f"pipeline: [{{iam.run.as: {{username: bob}}}}, {{pipeline.start: {OTHERS}}}, {WHO}]"
    assert await ran(home, text) == "bob"


CAUGHT = "{except: {drop: true}}, {except.end: }"
CALL = "{call: 'iam.run.as?username=ada'}"
LIFTING = "global/app/demo/pipeline/lifting"


@pytest.mark.parametrize(
    "steps",
    [
        CALL,
        f"{{call: {LIFTING}}}",
        f"{{body.set: \"#{{@resolve.uri('$uri:pipeline:{LIFTING}')}}\"}}",
        "{body.set: \"#{@resolve.uri('$uri:command:iam.run.as?username=ada')}\"}",
        f"{{foreach: {{in: 'a,b'}}}}, {CALL}, {{foreach.end: }}",
        f"{{if: {{true: true}}}}, {CALL}, {{if.end: }}",
        f"{{error: {{message: x, onError: {{action: ROLLBACK, pipeline: {LIFTING}}}}}}}, {CAUGHT}",
        "{call: {uri: 'iam.run.as?username=ada|error?message=x', onError: IGNORE}}",
        f"{{error: x}}, {{except: {{drop: true}}}}, {CALL}, {{except.end: }}",
    ],
)
@pytest.mark.parametrize("end", ["", "{finally: }, "])
async def test_after_a_call_the_user_is_whom_it_was_before(home: Home, steps: str, end: str) -> None:
    await put(home, LIFTING, "pipeline: [{iam.run.as: {username: ada}}]")
    assert await ran(home, f"pipeline: [{steps}, {end}{WHO}]") == "anonymousUser"


async def test_a_rollback_is_lifted_by_its_own_text_only(home: Home) -> None:
    await put(home, LIFTING, "pipeline: [{property.put: {path: global/app/demo/undone, value: 1}}]")
    rollback = f"{{error: {{message: x, onError: {{action: ROLLBACK, pipeline: {LIFTING}}}}}}}"
    with pytest.raises(Exception, match=r"x; and its rollback failed: .*may not run property\.put"):
        await ran(home, f"pipeline: [{CALL}, {rollback}]")


async def test_mocking_takes_a_written_name(home: Home) -> None:
    with pytest.raises(Exception, match="write it literally"):
        await ran(home, 'pipeline: [{mock.command: {command: "#{body.name}"}}]', body={"name": "assert"})


@pytest.mark.parametrize(
    "step",
    [
        'pipeline.put: {path: "#{body.path}", value: "#{body.text}"}',
        'pipeline.put: {path: "#{body.path}"}',
        'property.put: {path: "#{body.path}", value: "#{body.text}"}',
        'property.put: {path: "#{body.path}", input: body.text}',
        'property.put: {path: "#{body.path}", value: "#{body.text}", type: application/yaml;type=pipeline}',
        'property.put: {path: "#{body.new}", value: "#{body.text}", type: "#{body.type}"}',
        'property.value.put: {path: "#{body.path}", value: "#{body.text}"}',
        'property.schema.put: {path: "#{body.path}", value: "#{body.text}"}',
        'property.schema.put: {path: "#{body.new}", defaultValue: "#{body.text}", type: "#{body.type}"}',
        'property.schema.put: {pattern: "#{body.pattern}", value: "#{body.text}"}',
        'body.set: "#{@property.updateValue(body.path, body.text)}"',
    ],
)
async def test_what_an_event_brings_does_not_become_a_pipeline(home: Home, step: str) -> None:
    await put(home, LIFTING, "pipeline: [{body.set: kept}]")
    body = {
        "path": LIFTING,
        "pattern": LIFTING.replace("lifting", "*"),
        "new": f"{LIFTING}-too",
        "type": PIPELINE_TYPE,
        "text": "pipeline: [{iam.run.as: {username: ada}}, {iam.apitoken: {username: ada}}]",
    }
    with pytest.raises(
        Exception,
        match=r"does not become|neither an event's data nor an API token with a scope can create, change or delete",
    ):
        await ran(home, f"pipeline:\n  - iam.run.as: {{username: ada}}\n  - {step}", body=body)
    assert await ran(home, f"pipeline: [{{call: {LIFTING}}}]") == "kept"


async def test_what_the_pipeline_says_itself_may_be_stored(home: Home) -> None:
    text = json.dumps({"pipeline.put": {"path": LIFTING, "value": "pipeline: [{body.set: said}]"}})
    await ran(home, f"pipeline:\n  - iam.run.as: {{username: ada}}\n  - {text}")
    assert await ran(home, f"pipeline: [{{call: {LIFTING}}}]") == "said"
