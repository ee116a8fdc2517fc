"""What names a webhook is in no part of what its event keeps, and a guess at a uuid is not confirmed to other users."""

from __future__ import annotations

import httpx

from pfnb.http.server import LocalServer
from tests.http.conftest import RECEIVE, UUID, anyone
from tests.security.conftest import People

__all__ = ["anyone"]


async def test_a_uuid_that_is_there_twice_is_nowhere_in_the_event(
    server: LocalServer, anyone: httpx.AsyncClient
) -> None:
    twice = f"{RECEIVE}?uuid={UUID}&uuid={UUID.upper()}&token={UUID}&a=1"
    form = {"uuid": UUID, "token": UUID, "b": "2"}
    for sent in (
        anyone.build_request("POST", twice, json={"a": 1}),
        anyone.build_request("POST", twice, data=form),
        anyone.build_request("POST", RECEIVE, data=form),
        anyone.build_request("POST", RECEIVE, json=form),
        anyone.build_request("POST", twice, json={}, headers=[("token", UUID), ("token", UUID.upper())]),
    ):
        before = server.hub.last_seq
        assert (await anyone.send(sent)).status_code == 200
        assert server.hub.last_seq == before + 1
        [event] = await server.hub.store.events.of_webhook(UUID, 1, None)
        seen = await server.hub.history.object(event)
        kept = repr((event.query, event.raw_query, event.headers, event.fields, seen["payload"])).lower()
        assert UUID not in kept


async def test_others_webhooks_are_answered_like_none(people: People) -> None:
    mallory = await people.join("mallory", "CAN_PIPE_webhook.%")
    for command in ("webhook.get", "webhook.delete", "webhook.rotate", "webhook.receive.logs"):
        theirs, none = [
            await people.try_to(mallory, command, uuid=uuid) for uuid in (UUID, "99999999-6d6b-4f1e-9d5e-5b8f3f999999")
        ]
        assert theirs.status_code == none.status_code == 404, command
        assert theirs.json()["statusMessage"] == none.json()["statusMessage"]
