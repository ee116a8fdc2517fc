"""The access log tells which webhook was called, and not its secret."""

from __future__ import annotations

import logging

import httpx
import pytest

from pfnb.http.access_log import shown_target
from pfnb.http.server import LocalServer
from pfnb.hub import supervision
from tests.http.conftest import RECEIVE, UUID


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        (f"uuid={UUID}", "/r?uuid=…6936bd"),
        (f"a=1&token={UUID.upper()}&key=secret", "/r?token=…6936bd"),
        ("uuid=hunter2", "/r"),
        ("", "/r"),
    ],
)
def test_of_a_query_only_the_end_of_a_uuid_is_shown(query: str, shown: str) -> None:
    assert shown_target("/r", query) == shown


def test_of_a_uuid_in_a_path_only_the_end_is_shown() -> None:
    assert shown_target(f"/pfnb/hook/{UUID}", f"uuid={UUID}?a=b") == "/pfnb/hook/…6936bd?uuid=…6936bd"


async def test_every_request_is_one_line(anyone: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "pfnb.access"):
        await anyone.post(RECEIVE, params={"uuid": UUID}, json={})
        await anyone.get(RECEIVE, headers={"token": UUID})
    first, second = caplog.messages
    assert f"200 POST /pfnb{RECEIVE}?uuid=…6936bd" in first
    assert f"200 GET /pfnb{RECEIVE} " in second
    assert UUID not in caplog.text


async def test_the_same_trouble_of_many_requests_is_one_line_a_minute(
    server: LocalServer, anyone: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.hub.ready = False
    caplog.set_level(logging.INFO, "pfnb.access")
    for _ in range(50):
        assert (await anyone.get("/healthz")).status_code == 503
    assert len(caplog.messages) == 1
    monkeypatch.setattr(supervision, "SAY_SECONDS", 0.0)
    await anyone.get("/healthz")
    assert caplog.messages[1].endswith("ms (49 more with 503 since it was last logged)")
    caplog.set_level(logging.DEBUG, "pfnb.access")
    monkeypatch.setattr(supervision, "SAY_SECONDS", 60.0)
    for _ in range(3):
        await anyone.get("/healthz")
    assert len(caplog.messages) == 5, "with --access-log every request is one line"
    server.hub.ready = True
