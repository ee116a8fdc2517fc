"""A token that the owner has chosen can only be tried at the hub itself: no answer lets anybody try words elsewhere."""

from __future__ import annotations

import hashlib
import hmac

import httpx
import pytest

from pfnb.http.server import LocalServer
from pfnb.http.vouch import HEADER, Vouched, Vouching
from pfnb.hub.home import HubOptions

TOKEN = "hunter2"
PLACES = ["/api/v3/hub", "/api/v3/session", "/healthz", "/api/v3/command/iam.authinfo", "/nothing"]


async def test_no_answer_to_a_stranger_is_made_with_the_owners_token() -> None:
    server = LocalServer(HubOptions(owner="ada"), token=TOKEN)
    await server.start()
    proof = hmac.new(TOKEN.encode(), f"hub\n{server.url}\nx".encode(), hashlib.sha256).hexdigest()
    try:
        async with httpx.AsyncClient(base_url=server.url, trust_env=False) as stranger:
            for place in PLACES:
                answer = await stranger.get(place, params={"nonce": "x"})
                assert proof not in answer.text + str(answer.headers)
            assert (await stranger.get("/api/v3/hub", params={"nonce": "x"})).status_code == 404
    finally:
        await server.stop()


@pytest.mark.parametrize("key", [TOKEN, "another"])
async def test_a_hub_that_nobody_joins_believes_no_other_server(key: str) -> None:
    server = LocalServer(HubOptions(owner="ada"), token=TOKEN)
    await server.start()
    target = "/pfnb/api/v3/command/iam.authinfo"
    header = Vouching(key, server.url).header(Vouched("127.0.0.9", login=True), server.url, "GET", target)
    try:
        async with httpx.AsyncClient(base_url=server.url, trust_env=False) as stranger:
            answer = await stranger.get("/api/v3/command/iam.authinfo", headers={HEADER: header})
            assert answer.status_code == 401
    finally:
        await server.stop()
