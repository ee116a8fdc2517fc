"""What names a webhook is in no part of what its event keeps, and a guess at a uuid is not confirmed to other users."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from pfnb.http.server import LocalServer
from tests.http.conftest import RECEIVE, UNKNOWN, UUID, anyone
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
        assert theirs.status_code == none.status_code == (200 if command == "webhook.delete" else 404), command
        assert (theirs.json() or {}).get("statusMessage") == (none.json() or {}).get("statusMessage")


OURS_AND_ANOTHER = [
    {"url": f"/hook/{UUID}", "params": {"uuid": UNKNOWN, "token": UNKNOWN}, "headers": {"token": UNKNOWN}},
    {"url": RECEIVE, "params": {"uuid": UUID, "token": UNKNOWN}},
    {"url": RECEIVE, "params": {"token": UNKNOWN}, "headers": {"token": UUID}},
    {"url": f"/hook/{UNKNOWN}", "params": {"uuid": UUID}},
    {"url": RECEIVE, "headers": {"token": UUID}, "data": {"token": UNKNOWN}},
    {"url": RECEIVE, "params": {"token": UNKNOWN}, "json": {"uuid": UUID}},
    {"url": RECEIVE, "params": {"uuid": UUID}, "json": {"uuid": UNKNOWN}},
]


@pytest.mark.parametrize("sent", OURS_AND_ANOTHER)
async def test_a_request_with_another_uuid_besides_is_ours_and_the_other_is_payload(
    server: LocalServer, anyone: httpx.AsyncClient, sent: dict[str, Any]
) -> None:
    await server.hub.webhooks.put({"uuid": UUID, "payloadType": "raw"}, "ada")
    assert (await anyone.request("POST", **sent)).status_code == 200
    [event] = await server.hub.store.events.of_webhook(UUID, 1, None)
    seen = await server.hub.history.object(event)
    kept = repr((event.query, event.headers, event.fields, seen["payload"]))
    assert UNKNOWN in kept or sent["url"] == f"/hook/{UNKNOWN}"
    assert UUID not in kept


@pytest.mark.parametrize("sent", OURS_AND_ANOTHER)
async def test_the_answer_does_not_say_which_of_two_uuids_is_a_webhooks(
    server: LocalServer, anyone: httpx.AsyncClient, sent: dict[str, Any]
) -> None:
    async def ids(**more: Any) -> tuple[str, str]:
        headers = {**sent.get("headers", {}), "webhook-id": "msg_1"}
        body = (await anyone.request("POST", **{**sent, **more, "headers": headers})).json()
        return body["traceId"], body["correlationId"]

    known = [await ids(), await ids(), await ids(url=f"{sent['url']}/")]
    await server.hub.webhooks.put({"uuid": UUID, "active": False}, "ada")
    unknown = [await ids(), await ids(), await ids(url=f"{sent['url']}/")]
    assert known == unknown, "a repetition has the same ids, whether or not it is stored"
