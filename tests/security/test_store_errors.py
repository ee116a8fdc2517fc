"""An error of the database gets into the logs without what was to be stored."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from pfnb.http.server import LocalServer
from pfnb.hub.home import HubOptions
from tests.http.conftest import RECEIVE, UUID

SECRETS = (UUID, "in-the-body", "in-a-header", "in-a-property")


async def test_no_log_has_what_the_database_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    server = LocalServer(HubOptions(tmp_path, owner="ada"))
    await server.start()
    await server.hub.webhooks.put({"uuid": UUID, "eventKey": "order.placed"}, "ada")
    with closing(sqlite3.connect(tmp_path / "pfnb.sqlite")) as database:
        database.execute("CREATE TRIGGER no BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no'); END")
        database.execute("ALTER TABLE properties RENAME COLUMN path TO way")
    owner = {"Authorization": f"Bearer {server.token}"}
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
        body, header = {"a": "in-the-body"}, {"x-a": "in-a-header"}
        await http.post(RECEIVE, params={"uuid": UUID}, json=body, headers=header)
        stored = {"path": "global/app/x", "value": "in-a-property"}
        await http.post("/api/v3/command/property.put", params=stored, headers=owner)
    await server.stop()
    of_hub = [caplog.handler.format(one) for one in caplog.records if not one.name.startswith(("httpx", "httpcore"))]
    assert sum("sqlite3." in one for one in of_hub) >= 2
    assert [secret for secret in SECRETS if secret in "".join(of_hub)] == []
