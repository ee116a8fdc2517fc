"""API tokens end, can be seen and ended, and make no way past their own bounds."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from pfnb.hub import clock
from pfnb.hub.people import logins, tokens
from pfnb.language.running.calls import PIPELINE_TYPE
from tests.http.test_session import call, frame, session
from tests.security.conftest import People

DAY = clock.DAY
WORDS = "correct horse"
STORED = "pipeline:\n  - log: {message: hi}\n"
LIST, MAKE, END = "iam.apitoken.list", "iam.apitoken", "iam.apitoken.delete"


async def _newest(people: People, name: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = (await people.do(people.ada, LIST, username=name)).json()
    return found[-1]


def _days_left(token: dict[str, Any]) -> float:
    return round((token["expires"] - time.time() * 1000) / DAY, 2)


async def test_a_token_is_listed_used_and_ended(people: People) -> None:
    grace = await people.join("grace", "CAN_PIPE_iam.apitoken.%, CAN_PIPE_log")
    (mine,) = (await people.do(grace, LIST)).json()
    assert (_days_left(mine), mine["createdBy"], mine["scope"]) == (tokens.DEFAULT_DAYS, "ada", None)
    assert abs(mine["lastUsed"] - time.time() * 1000) < 60_000
    await people.do(grace, END, id=mine["id"])
    assert (await people.try_to(grace, LIST)).status_code == 401


async def test_an_expired_token_lets_nobody_in(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    grace = await people.join("grace", "CAN_PIPE_log")
    hub_tokens = people.server.hub.users.tokens
    monkeypatch.setattr(hub_tokens, "_now", lambda: time.time() * 1000 + tokens.DEFAULT_DAYS * DAY + 1)
    assert (await grace.get("/api/v3/command/iam.authinfo")).status_code == 401
    await hub_tokens.sweep()
    assert hub_tokens.all() == []


async def test_only_a_login_makes_a_token_without_end(people: People) -> None:
    await people.do(people.ada, MAKE, username="ada", days=0)
    assert (await _newest(people, "ada"))["expires"] is None
    steps = ["iam.apitoken: {username: ada, days: 0}"]
    by_token = people.client((await people.do(people.ada, MAKE, username="ada", days=0)).text)
    assert "cannot make one that never expires" in (await people.run(by_token, *steps)).text
    async with session(people.server) as connection:
        await frame(connection)
        for days in (0, 2, 90, 1e308):
            asked = {"action": "api_token", "fields": {"username": "ada", "days": days}}
            assert (await call(connection, "iam", **asked))["type"] == "error"
        made = await call(connection, "iam", action="api_token", fields={"username": "ada"})
        assert made["value"].startswith("pfnb_")
    assert _days_left(await _newest(people, "ada")) == tokens.SESSION_DAYS


async def test_a_token_makes_none_that_outlives_it_or_may_more(people: People) -> None:
    await people.join("grace", "CAN_PIPE_iam.apitoken, CAN_PIPE_webhook.%, CAN_PIPE_log")
    few = {"username": "grace", "days": 2, "scope": "CAN_PIPE_iam.apitoken, CAN_PIPE_log"}
    narrow = people.client((await people.do(people.ada, MAKE, **few)).text)
    assert (await people.try_to(narrow, "webhook.put", eventKey="a.b")).status_code == 403
    assert (await people.try_to(narrow, MAKE, username="grace")).status_code == 403
    assert (await people.try_to(narrow, MAKE, username="grace", scope="CAN_PIPE_webhook.put")).status_code == 403
    child = people.client((await people.do(narrow, MAKE, username="grace", scope="CAN_PIPE_log", days=90)).text)
    assert _days_left(await _newest(people, "grace")) == 2
    info = (await child.get("/api/v3/command/iam.authinfo")).json()
    assert info["effectiveRoles"] == ["CAN_PIPE_log"]
    text = ["iam.run.as: {username: grace}", "webhook.put: {eventKey: a.b}"]
    assert (await people.run(child, *text)).status_code == 403


async def test_a_scope_cannot_be_left_by_storing_a_pipeline(people: People) -> None:
    """Stored pipelines run with all that their owner may do."""
    await people.do(people.ada, "property.put", path="a/text", value=STORED)
    scope = "CAN_PIPE_property.%, CAN_PIPE_pipeline.%"
    narrow = people.client((await people.do(people.ada, MAKE, username="ada", scope=scope)).text)
    for command, parameters in [
        ("property.put", {"path": "a/b", "value": STORED, "type": PIPELINE_TYPE}),
        ("property.put", {"path": "a/text", "type": "Application/yaml; TYPE = \"pipeline\""}),
        ("pipeline.put", {"path": "a/b", "value": STORED}),
    ]:  # fmt: skip
        assert (await people.try_to(narrow, command, **parameters)).is_error
        assert not (await people.do(people.ada, "property.list", pattern="a/b")).json()
    assert (await narrow.put("/api/v3/pipeline:a/b", content=STORED)).is_error
    await people.do(people.ada, "pipeline.put", path="a/mine", value=STORED)
    assert (await people.try_to(narrow, "property.put", path="a/mine", value=STORED)).is_error
    await people.do(narrow, "property.put", path="a/data", value="1")


async def test_tokens_of_others_are_for_their_password_and_an_admin(people: People) -> None:
    await people.join("grace", "CAN_PIPE_log", password=WORDS)
    eve = await people.join("eve", "CAN_PIPE_%, CAN_RUN_AS_SOURCE, CAN_RUN_AS_TARGET")
    theirs = (await _newest(people, "grace"))["id"]
    for command, parameters in [
        (MAKE, {"username": "grace"}),
        (MAKE, {"username": "grace", "scope": "CAN_PIPE_log"}),
        (MAKE, {"username": "ada"}),
        (LIST, {"username": "grace"}),
        (END, {"id": theirs}),
    ]:
        assert (await people.try_to(eve, command, **parameters)).status_code == 403
    made = (await people.do(eve, MAKE, username="grace", password=WORDS)).text
    info = (await people.client(made).get("/api/v3/command/iam.authinfo")).json()
    assert (info["username"], info["effectiveRoles"]) == ("grace", ["CAN_PIPE_log"])


async def test_a_deleted_users_token_is_not_the_next_ones(people: People) -> None:
    grace = await people.join("grace", "CAN_PIPE_log")
    await people.do(people.ada, "iam.user.delete", username="grace", data="remove")
    await people.join("grace", "CAN_PIPE_%")
    assert (await grace.get("/api/v3/command/iam.authinfo")).status_code == 401


@pytest.fixture
def seconds(people: People, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock for pauses, and no hashing: what is counted here are tries."""
    now = [1000.0]
    monkeypatch.setattr(people.server.hub.users._logins, "_clock", lambda: now[0])
    monkeypatch.setattr(logins, "LONGEST_DELAY", 0.0)
    return now


async def test_wrong_passwords_are_slowed_for_who_sends_them_and_for_nobody_else(
    people: People, seconds: list[float]
) -> None:
    grace = await people.join("grace", "CAN_PIPE_iam.apitoken", password=WORDS)
    eve = await people.join("eve", "CAN_PIPE_iam.apitoken")

    async def tried(client: Any, password: str, name: str = "grace") -> int:
        return (await people.try_to(client, MAKE, username=name, password=password)).status_code

    assert [await tried(eve, f"wrong horse {n}") for n in range(logins.FREE_TRIES)] == [401] * logins.FREE_TRIES
    for name in ("grace", "ada", "nobody"):  # it is eve who has to wait, whomever she tries
        assert await tried(eve, WORDS, name) == 429
    assert await tried(grace, WORDS) == 200
    assert (await people.ada.get("/api/v3/command/iam.authinfo")).status_code == 200
    seconds[0] += 2
    assert await tried(eve, "wrong horse") == 401
    assert await tried(eve, WORDS) == 429
    entries = people.audit("login.failed")
    assert [(entry["user"], entry["target"], entry["via"]) for entry in entries] == [("eve", "grace", "token")] * 6
    assert "horse" not in str(people.audit())


async def test_many_tries_at_once_are_no_way_around(people: People, seconds: list[float]) -> None:
    await people.join("grace", "", password=WORDS)
    eve = await people.join("eve", "CAN_PIPE_iam.apitoken")
    tries = [people.try_to(eve, MAKE, username="grace", password=f"wrong horse {n}") for n in range(30)]
    codes = [answer.status_code for answer in await asyncio.gather(*tries)]
    assert codes.count(401) <= logins.FREE_TRIES
    assert set(codes) <= {401, 429}


async def test_memory_of_failures_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logins, "is_password", lambda *_, **__: False)
    monkeypatch.setattr(logins, "MAX_REMEMBERED", 50)
    made = logins.Logins(lambda: 0.0)
    for number in range(200):
        await made.check("wrong horse", None, username=f"u{number}", asker=f"a{number}", address="")
    assert len(made._failures) == 50
