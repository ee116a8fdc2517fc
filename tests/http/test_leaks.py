"""A webhook whose secret lies in the open is found, deactivated, and nobody outside can tell."""

from __future__ import annotations

from pathlib import Path

import httpx

from pfnb.http.server import LocalServer
from tests.http.conftest import RECEIVE, UUID

SCAN = "/api/v3/command/webhook.scan"


async def fires(server: LocalServer, anyone: httpx.AsyncClient) -> tuple[bool, dict[str, str]]:
    """Whether a request to the webhook became an event, and what its caller was told."""
    before = server.hub.last_seq
    answer = await anyone.post(RECEIVE, params={"uuid": UUID}, json={})
    return server.hub.last_seq > before, {name: type(value).__name__ for name, value in answer.json().items()}


async def test_what_a_scan_finds_fires_no_more_and_its_callers_are_answered_as_before(
    server: LocalServer, owner: httpx.AsyncClient, anyone: httpx.AsyncClient, tmp_path: Path
) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "a.ipynb").write_text(f'{{"outputs": ["{server.url}/hook/{UUID}?a=b"]}}')
    fired, told = await fires(server, anyone)
    assert fired
    seen = (await owner.post(SCAN, params={"path": str(tmp_path / "work")})).json()
    assert seen["leaks"] == [
        {
            "eventKey": "order.placed",
            "uuid": "…6936bd",
            "path": str(tmp_path / "work" / "a.ipynb"),
            "line": 1,
            "repository": None,
            "commit": None,
            "deactivated": True,
        }
    ]
    assert await fires(server, anyone) == (False, told)
    again = (await owner.post(SCAN, params={"path": str(tmp_path / "work")})).json()
    assert [leak["deactivated"] for leak in again["leaks"]] == [False]


async def test_a_dry_run_only_reports(
    server: LocalServer, owner: httpx.AsyncClient, anyone: httpx.AsyncClient, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text(UUID)
    answer = await owner.post(SCAN, params={"path": str(tmp_path / "notes.txt"), "dryRun": "true"})
    assert [leak["deactivated"] for leak in answer.json()["leaks"]] == [False]
    assert (await fires(server, anyone))[0]


async def test_a_path_that_does_not_exist_is_named(owner: httpx.AsyncClient, tmp_path: Path) -> None:
    answer = await owner.post(SCAN, params={"path": str(tmp_path / "nowhere")})
    assert (answer.status_code, "nowhere" in answer.json()["statusMessage"]) == (404, True)


async def test_a_rotated_webhook_is_told_with_its_new_url(owner: httpx.AsyncClient) -> None:
    made = (await owner.post("/api/v3/command/webhook.rotate", params={"uuid": UUID, "overlap": "60"})).json()
    assert made["uuid"] != UUID
    assert made["webhookUrl"].endswith(made["uuid"])
    [old] = (await owner.get("/api/v3/command/webhook.get", params={"uuid": UUID})).json()
    assert old["expires"] > made["created"]
