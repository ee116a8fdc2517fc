"""`pfnb scan` finds secrets in this machine's files, and asks before it deactivates."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from pfnb.cli import main
from pfnb.http.server import LocalServer

SECRET = "0b0c6a8e-6d6b-4f1e-9d5e-5b8f3f6936bd"


@pytest.fixture
async def leaking(server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PFNB_URL", server.url)
    monkeypatch.setenv("PFNB_TOKEN", server.token)
    await server.hub.webhooks.put({"uuid": SECRET, "eventKey": "a.b"}, "ada")
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "notes.md").write_text(f"one\n{SECRET}\n")
    return folder


async def scan(*words: str) -> int:
    return await asyncio.to_thread(main, ["scan", *words])


async def test_what_is_found_is_deactivated_once_that_was_agreed_to(
    leaking: Path, server: LocalServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await scan(str(leaking)) == 1
    assert "--yes" in capsys.readouterr().err
    assert server.hub.webhooks.get(SECRET, "ada").active
    assert await scan(str(leaking), "--yes") == 0
    told = capsys.readouterr().out
    assert "1 leak in 1 file and 0 repositories" in told
    assert f"…6936bd  deactivated  {leaking / 'notes.md'}:2" in told
    assert SECRET not in told
    assert not server.hub.webhooks.get(SECRET, "ada").active
    assert await scan(str(leaking)) == 0


async def test_a_dry_run_reports_and_its_status_tells_programs(
    leaking: Path, server: LocalServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await scan(str(leaking), "--dry-run", "--json") == 1
    report = json.loads(capsys.readouterr().out)
    assert [(leak["line"], leak["deactivated"]) for leak in report["leaks"]] == [(2, False)]
    assert server.hub.webhooks.get(SECRET, "ada").active


async def test_nothing_found_is_told_as_such(leaking: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (leaking / "notes.md").write_text("nothing")
    assert await scan(str(leaking)) == 0
    assert capsys.readouterr().out == "0 leaks in 1 file and 0 repositories\n"
    assert await scan(str(leaking / "nowhere")) == 1
    assert "there is no" in capsys.readouterr().err
