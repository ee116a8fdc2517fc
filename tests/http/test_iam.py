"""Users over HTTP: a token acts as its user, who may do what the user's roles say."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from pfnb.http.server import LocalServer

COMMAND = "/api/v3/command/"
PIPELINE = "/api/v3/pipeline"

As = Callable[[str], Awaitable[httpx.AsyncClient]]


@pytest.fixture
async def acting(server: LocalServer, owner: httpx.AsyncClient) -> AsyncIterator[As]:
    """A client of a user who is created with these roles."""
    opened: list[httpx.AsyncClient] = []

    async def made(roles: str) -> httpx.AsyncClient:
        await owner.post(COMMAND + "iam.user.create", params={"username": "grace", "roleNames": roles})
        token = (await owner.post(COMMAND + "iam.apitoken", params={"username": "grace"})).text
        client = httpx.AsyncClient(base_url=server.url, headers={"Authorization": f"Bearer {token}"}, trust_env=False)
        opened.append(client)
        return client

    yield made
    for client in opened:
        await client.aclose()


async def test_a_users_token_acts_as_the_user(acting: As) -> None:
    grace = await acting("CAN_PIPE_webhook.%")
    info = (await grace.get(COMMAND + "iam.authinfo")).json()
    assert (info["username"], info["roles"]) == ("grace", ["CAN_PIPE_webhook.%"])
    made = (await grace.post(COMMAND + "webhook.put", params={"eventKey": "a.b"})).json()
    assert made["owner"] == "grace"
    assert [hook["uuid"] for hook in (await grace.get(COMMAND + "webhook.get")).json()] == [made["uuid"]]


async def test_a_refusal_names_the_role_and_is_in_the_audit_log(acting: As, tmp_path: Path) -> None:
    grace = await acting("CAN_PIPE_log")
    answer = await grace.post(PIPELINE, content="pipeline:\n  - log: {message: hi}\n  - event.send: {key: a.b}\n")
    assert (answer.status_code, answer.json()["line"]) == (403, 3)
    assert "grace may not run event.send" in answer.json()["statusMessage"]
    assert "CAN_PIPE_event.send" in answer.json()["statusMessage"]
    [entry] = _refusals(tmp_path)
    assert (entry["user"], entry["command"], entry["missing"]) == ("grace", "event.send", "CAN_PIPE_event.send")
    assert (tmp_path / "hub" / "audit.log").stat().st_mode & 0o777 == 0o600


async def test_running_as_somebody_else_takes_both_roles(acting: As, owner: httpx.AsyncClient, tmp_path: Path) -> None:
    await owner.post(COMMAND + "iam.user.create", params={"username": "target", "roleNames": "CAN_PIPE_webhook.put"})
    text = "pipeline:\n  - iam.run.as: {username: target}\n  - webhook.put: {eventKey: a.b}\n"
    refused = await owner.post(PIPELINE, content=text)
    assert refused.status_code == 403
    assert "CAN_RUN_AS_TARGET for target" in refused.json()["statusMessage"]
    await owner.post(COMMAND + "iam.user.add.roles", params={"username": "target", "roleNames": "CAN_RUN_AS_TARGET"})
    assert (await owner.post(PIPELINE, content=text)).json()["owner"] == "target"
    grace = await acting("CAN_PIPE_%")
    assert "CAN_RUN_AS_SOURCE for grace" in (await grace.post(PIPELINE, content=text)).json()["statusMessage"]
    entries = _refusals(tmp_path)
    assert [(entry["user"], entry["command"], entry["missing"]) for entry in entries] == [
        ("ada", "iam.run.as", "CAN_RUN_AS_TARGET"),
        ("grace", "iam.run.as", "CAN_RUN_AS_SOURCE"),
    ]
    nobody = "pipeline:\n  - iam.run.as: {username: nobody}\n"
    assert (await owner.post(PIPELINE, content=nobody)).status_code == 404


async def test_systemuser_acts_for_an_owner_who_may_do_everything_and_for_nobody_else(
    acting: As, owner: httpx.AsyncClient
) -> None:
    mine = (await owner.post(COMMAND + "webhook.put", params={"eventKey": "a.b"})).json()
    text = "pipeline:\n  - iam.run.as: {username: systemuser}\n  - webhook.get: {eventKey: a.b}\n"
    seen = (await owner.post(PIPELINE, content=text)).json()
    assert mine["uuid"] in str(seen)
    text = "pipeline:\n  - iam.run.as: {username: systemuser}\n  - iam.authinfo\n"
    assert (await owner.post(PIPELINE, content=text)).json()["username"] == "systemuser"
    grace = await acting("CAN_PIPE_%, CAN_RUN_AS_SOURCE")
    refused = await grace.post(PIPELINE, content=text)
    assert (refused.status_code, "CAN_RUN_AS_TARGET for systemuser" in refused.json()["statusMessage"]) == (403, True)


async def test_after_the_switch_only_that_users_roles_count(owner: httpx.AsyncClient) -> None:
    params = {"username": "target", "roleNames": "CAN_RUN_AS_TARGET"}
    await owner.post(COMMAND + "iam.user.create", params=params)
    text = "pipeline:\n  - iam.run.as: {username: target}\n  - webhook.get\n"
    answer = await owner.post(PIPELINE, content=text)
    assert (answer.status_code, "CAN_PIPE_webhook.get" in answer.json()["statusMessage"]) == (403, True)


async def test_the_header_authorization_switches_before_the_first_step(owner: httpx.AsyncClient) -> None:
    params = {"username": "target", "roleNames": "CAN_RUN_AS_TARGET"}
    await owner.post(COMMAND + "iam.user.create", params=params)
    text = "headers: {authorization: RunAs target}\npipeline:\n  - iam.authinfo\n"
    assert (await owner.post(PIPELINE, content=text)).json()["username"] == "target"


async def test_an_old_token_is_told_to_be_none(acting: As, owner: httpx.AsyncClient) -> None:
    grace = await acting("CAN_PIPE_log")
    await owner.post(COMMAND + "iam.user.delete", params={"username": "grace"})
    answer = await grace.get(COMMAND + "iam.authinfo")
    assert (answer.status_code, answer.json()["errorType"]) == (401, "NotAuthenticatedError")


async def test_a_password_is_in_no_answer(owner: httpx.AsyncClient) -> None:
    params = {"username": "grace", "password": "correct horse"}
    made = await owner.post(COMMAND + "iam.user.create", data=params)
    for answer in (
        made,
        await owner.get(COMMAND + "iam.user.list"),
        await owner.get(COMMAND + "iam.user.get?username=grace"),
    ):
        assert answer.status_code == 200
        assert "horse" not in answer.text
        assert "password" not in answer.text


def _refusals(folder: Path) -> list[dict[str, Any]]:
    entries = [json.loads(line) for line in (folder / "hub" / "audit.log").read_text().splitlines()]
    return [entry for entry in entries if entry["event"] == "refused"]


async def test_a_user_is_named_by_name_or_by_uuid(owner: httpx.AsyncClient) -> None:
    made = (await owner.post(COMMAND + "iam.user.create", params={"username": "grace"})).json()
    by_uuid = {"uuid": made["uuid"], "username": "ada"}
    assert (await owner.get(COMMAND + "iam.user.get", params=by_uuid)).json()["username"] == "grace"
    given = {"userUuid": made["uuid"], "roleNames": "CAN_PIPE_log"}
    assert (await owner.post(COMMAND + "iam.user.add.roles", params=given)).json()["username"] == "grace"
    assert (await owner.get(COMMAND + "iam.user.roles", params={"uuid": made["uuid"]})).json() == ["CAN_PIPE_log"]
    for command in ("iam.user.get", "iam.user.roles", "iam.user.delete"):
        assert "by username or by uuid" in (await owner.post(COMMAND + command)).json()["statusMessage"]
        nobody = await owner.post(COMMAND + command, params={"uuid": "00000000-0000-4000-8000-000000000000"})
        assert nobody.status_code == 404
    assert (await owner.post(COMMAND + "iam.user.delete", params={"uuid": made["uuid"]})).status_code == 200
    assert (await owner.get(COMMAND + "iam.user.get", params={"username": "grace"})).status_code == 404


async def test_a_users_own_name_beside_anothers_uuid_shows_nobody_else(acting: As, owner: httpx.AsyncClient) -> None:
    grace = await acting("CAN_PIPE_log")
    ada = (await owner.get(COMMAND + "iam.authinfo")).json()["uuid"]
    text = f"pipeline:\n  - body.set: \"#{{@command.call('iam.user.get', {{username: 'grace', uuid: '{ada}'}})}}\"\n"
    assert (await grace.post(PIPELINE, content=text)).status_code in (400, 403)
    assert (await grace.get(COMMAND + "iam.user.get", params={"username": "grace", "uuid": ada})).status_code == 403


async def test_users_are_listed_in_pages_and_by_a_text(owner: httpx.AsyncClient) -> None:
    for name in ("grace", "gregor", "hugo"):
        await owner.post(COMMAND + "iam.user.create", params={"username": name, "email": f"{name}@example.org"})

    async def names(**params: Any) -> list[str]:
        rows = (await owner.get(COMMAND + "iam.user.list", params=params)).json()
        return [row["username"] for row in rows]

    assert await names(filter="GR") == ["grace", "gregor"]
    assert await names(filter="hugo@", includeRoles="true") == ["hugo"]
    everybody = await names()
    assert await names(max=2, offset=1) == everybody[1:3]
    assert await names(offset=99) == []
    few = await owner.get(COMMAND + "iam.user.list", params={"filter": "hugo", "includeRoles": "false"})
    assert "roles" not in few.json()[0]
    assert (await owner.get(COMMAND + "iam.user.list", params={"max": 0})).status_code == 400


async def test_apps_extend_the_roles_that_each_hub_has(acting: As, owner: httpx.AsyncClient) -> None:
    grace = await acting("ROLE_SUPPORT")
    assert (await grace.get(COMMAND + "webhook.get")).status_code == 403
    more = {"roleName": "ROLE_SUPPORT", "composites": "CAN_PIPE_webhook.get"}
    assert (await grace.post(COMMAND + "iam.role.add.composites", params=more)).status_code == 403
    assert (await owner.post(COMMAND + "iam.role.add.composites", params=more)).json()["composites"] == [
        "CAN_PIPE_webhook.get"
    ]
    assert (await grace.get(COMMAND + "webhook.get")).status_code == 200
    assert (await owner.post(COMMAND + "iam.role.create", params={"name": "ROLE_ADMIN"})).status_code == 409
