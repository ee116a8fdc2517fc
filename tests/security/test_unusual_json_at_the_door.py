"""JSON that few senders make, where the hub reads it before it stores the request: it is received as any other."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from pfnb.http.server import LocalServer
from tests.http.conftest import RECEIVE, UNKNOWN, UUID, anyone, server

__all__ = ["anyone", "server"]

HALF = "\ud800"
"""Half of a character of UTF-16, which JSON can write and UTF-8 cannot."""
DEEP = b"[" * 980 + b"]" * 980


async def sent(client: httpx.AsyncClient, body: Any, uuid: str = UUID, **headers: str) -> httpx.Response:
    given = {"Content-Type": "application/json", **{name.replace("_", "-"): text for name, text in headers.items()}}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await client.post(RECEIVE, params={"uuid": uuid}, content=data, headers=given)


async def put(server: LocalServer, **settings: Any) -> None:
    await server.hub.webhooks.put({"uuid": UUID, "eventKey": "order.placed", **settings}, "ada")


async def stored(server: LocalServer) -> int:
    return len(await server.hub.store.events.since(0, 100))


@pytest.mark.parametrize("uuid", [UUID, UNKNOWN])
@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ({"id": f"evt_{HALF}"}, {"Stripe_Signature": "t=1"}),
        ({"id": HALF, "source": HALF}, {"Content_Type": "application/cloudevents+json"}),
    ],
)
async def test_half_a_character_in_a_delivery_id_is_compared_like_any_other(
    server: LocalServer, anyone: httpx.AsyncClient, body: Any, headers: dict[str, str], uuid: str
) -> None:
    assert [(await sent(anyone, body, uuid, **headers)).status_code for _ in range(2)] == [200, 200]
    assert await stored(server) == (uuid == UUID)


@pytest.mark.parametrize("body", [{"id": HALF}, DEEP])
@pytest.mark.parametrize(
    "settings", [{"repeatBy": "#{body.payload}"}, {"filter": "#{body.payload == body.payload}"}, {"preset": "monday"}]
)
async def test_what_an_owners_expression_cannot_handle_is_received_all_the_same(
    server: LocalServer, anyone: httpx.AsyncClient, body: Any, settings: dict[str, str]
) -> None:
    await put(server, payloadType="raw", **settings)
    assert (await sent(anyone, body)).status_code == 200


@pytest.mark.parametrize(
    ("preset", "body"),
    [
        ("monday", {"challenge": HALF}),
        ("notion", {"verification_token": HALF}),
        (
            "eventgrid",
            [
                {
                    "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
                    "data": {"validationCode": HALF},
                }
            ],
        ),
    ],
)
async def test_a_handshake_with_half_a_character_is_answered(
    server: LocalServer, anyone: httpx.AsyncClient, preset: str, body: Any
) -> None:
    await put(server, preset=preset)
    assert (await sent(anyone, body)).status_code == 200
