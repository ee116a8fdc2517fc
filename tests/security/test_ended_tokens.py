"""An API token that was ended does nothing more: not in a run that began before, and not in a request that is still coming."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import pytest

from pfnb.hub import clock
from pfnb.hub.people import tokens
from tests.security.conftest import People

ROLES = "CAN_PIPE_iam.apitoken, CAN_PIPE_wait, CAN_PIPE_property.%, CAN_PIPE_iam.run.as, CAN_RUN_AS_SOURCE"
WAIT = "wait: {ms: 1500}"
PUT = "property.put: {path: a/late, value: x}"
TOKEN = "iam.apitoken: {username: mal}"
Ending = Callable[[People, pytest.MonkeyPatch], Awaitable[None]]


async def _end(people: People, _: pytest.MonkeyPatch) -> None:
    for token in people.server.hub.users.tokens.of("mal"):
        await people.do(people.ada, "iam.apitoken.delete", id=token.id)


async def _expire(people: People, patch: pytest.MonkeyPatch) -> None:
    later = time.time() * 1000 + tokens.DEFAULT_DAYS * clock.DAY + 1
    patch.setattr(people.server.hub.users.tokens, "_now", lambda: later)


async def _delete_user(people: People, _: pytest.MonkeyPatch) -> None:
    await people.do(people.ada, "iam.user.delete", username="mal", data="remove")
    await people.do(people.ada, "iam.user.create", username="mal", roleNames=ROLES)


@pytest.mark.parametrize("ending", [_end, _expire, _delete_user])
@pytest.mark.parametrize("step", [PUT, TOKEN, f"iam.run.as: {{username: target}}\n  - {PUT}"])
async def test_a_run_that_goes_on_changes_nothing(
    people: People, monkeypatch: pytest.MonkeyPatch, ending: Ending, step: str
) -> None:
    await people.join("target", "CAN_RUN_AS_TARGET, CAN_PIPE_property.%")
    mal = await people.join("mal", ROLES)
    run = asyncio.ensure_future(people.run(mal, "property.put: {path: a/begun, value: x}", WAIT, step))
    await _until_there(people, "a/begun")
    await ending(people, monkeypatch)
    assert (await run).status_code == 401
    assert not await _stored(people, "a/late")
    made = [token for token in people.server.hub.users.tokens.all() if token.user == "mal" and token.by == "mal"]
    assert made == []


@pytest.mark.parametrize("ending", [_end, _expire, _delete_user])
@pytest.mark.parametrize("step", ["property.value.get: {path: a/new}", "body.set: let in"])
async def test_a_request_whose_body_comes_slowly_is_refused(
    people: People, monkeypatch: pytest.MonkeyPatch, ending: Ending, step: str
) -> None:
    mal = await people.join("mal", ROLES)
    body = f"pipeline:\n  - {step}\n".encode()
    parts = urlsplit(people.server.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head = f"POST {parts.path}/api/v3/pipeline HTTP/1.1\r\nHost: h\r\nAuthorization: {mal.headers['Authorization']}\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:10])
    site = people.server.site
    async with asyncio.timeout(10):
        while not site.known._inside:
            await asyncio.sleep(0.01)
    await ending(people, monkeypatch)
    if ending is _delete_user:
        other = people.client((await people.do(people.ada, "iam.apitoken", username="mal")).text)
        await people.do(other, "property.put", path="a/new", value="of the next mal")
    writer.write(body[10:])
    async with asyncio.timeout(10):
        answer = await reader.readuntil(b"\r\n")
    writer.close()
    assert b" 401 " in answer


async def test_other_tokens_of_the_same_user_go_on(people: People) -> None:
    mal = await people.join("mal", ROLES)
    second = people.client((await people.do(people.ada, "iam.apitoken", username="mal")).text)
    (first, _) = people.server.hub.users.tokens.of("mal")
    await people.do(people.ada, "iam.apitoken.delete", id=first.id)
    assert (await people.run(mal, "body.set: x")).status_code == 401
    assert (await people.run(second, "property.put: {path: a/b, value: x}")).status_code == 200


async def _until_there(people: People, path: str) -> None:
    async with asyncio.timeout(10):
        while not await _stored(people, path):
            await asyncio.sleep(0.02)


async def _stored(people: People, path: str) -> bool:
    found = [await people.server.hub.properties.find(path, owner) for owner in ("mal", "target")]
    return any(found)
