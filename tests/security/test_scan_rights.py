"""`webhook.scan` in a hub tells a user nothing of the machine's files, and takes nobody's time."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from pfnb.http.server import LocalServer
from pfnb.hub.home import HubOptions
from pfnb.hub.scans import ScanPlan
from pfnb.leaks import Halt, scan
from pfnb.leaks.halt import Halted
from tests.leaks.test_scan import git
from tests.security.conftest import People

SCANNER = "CAN_PIPE_webhook.scan,CAN_PIPE_webhook.get,CAN_PIPE_iam.run.as"


async def test_a_user_with_the_role_alone_learns_nothing_of_any_path(people: People, tmp_path: Path) -> None:
    mallory = await people.join("mallory", SCANNER)
    (tmp_path / "there").write_text("text")
    answers = [
        await people.try_to(mallory, "webhook.scan", path=path)
        for path in (
            str(tmp_path / "there"),
            str(tmp_path / "not"),
            "/etc",
            "~",
            "~nobody-at-all",
            ".",
            "/proc/self/environ",
        )
    ]
    assert {answer.status_code for answer in answers} == {403}
    assert len({answer.json()["statusMessage"].partition("look through")[0] for answer in answers}) == 1
    assert (await people.do(people.ada, "webhook.scan", path=str(tmp_path / "there"))).json()["files"] == 1


async def test_below_the_owners_folders_links_do_not_lead_out(tmp_path: Path) -> None:
    allowed, secret = tmp_path / "allowed", tmp_path / "secret"
    allowed.mkdir()
    secret.mkdir()
    (allowed / "notes").write_text("text")
    (allowed / "link").symlink_to(secret)
    server = LocalServer(HubOptions(tmp_path / "hub", owner="ada", scan=ScanPlan((allowed,))))
    await server.start()
    headers = {"Authorization": f"Bearer {server.token}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, trust_env=False) as ada:
        people = People(server, ada, tmp_path / "hub")
        mallory = await people.join("mallory", SCANNER)
        paths = (allowed, allowed / "notes", allowed / "link", allowed / ".." / "secret", secret)
        seen = [(await people.try_to(mallory, "webhook.scan", path=str(path))).status_code for path in paths]
        await people.leave()
    await server.stop()
    assert seen == [200, 200, 403, 403, 403]


async def test_a_second_scan_of_a_user_is_refused_and_the_first_ends_at_its_time(
    people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()

    def endless(*_: Any, halt: Halt, **__: Any) -> None:
        begun.set()
        while True:
            halt.check()
            time.sleep(0.001)

    monkeypatch.setattr("pfnb.commands.leaks.scan", endless)
    monkeypatch.setattr("pfnb.commands.leaks.SECONDS", 0.5)
    first = asyncio.create_task(people.try_to(people.ada, "webhook.scan", path=str(tmp_path)))
    assert await asyncio.to_thread(begun.wait, 10)
    second = await people.try_to(people.ada, "webhook.scan", path=str(tmp_path))
    assert (second.status_code, "running already" in second.json()["statusMessage"]) == (503, True)
    assert "took longer" in (await first).json()["statusMessage"]


def test_a_scan_that_waits_for_git_ends_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tmp_path, "init", "-q")
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 600\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}{os.pathsep}{os.environ['PATH']}")
    halt, ended = Halt(), []

    def look() -> None:
        with pytest.raises(Halted):
            scan([tmp_path], {"00000000-0000-4000-8000-000000000001"}, halt=halt)
        ended.append(True)

    thread = threading.Thread(target=look)
    waits, waiting = halt.waits_for, threading.Event()
    monkeypatch.setattr(halt, "waits_for", lambda process: (waits(process), waiting.set()))
    thread.start()
    assert waiting.wait(10)
    halt.end()
    thread.join(10)
    assert ended


def test_a_hub_in_the_middle_of_a_scan_ends_in_time(tmp_path: Path) -> None:
    words = ["serve", "--port", "0", "--token", "token", "--data-dir", str(tmp_path / "hub")]
    hub = subprocess.Popen([sys.executable, "-m", "pfnb.cli", *words], stdout=subprocess.PIPE, text=True)
    try:
        assert hub.stdout is not None
        url = hub.stdout.readline().split()[-1]
        hole = tmp_path / "hole"  # takes no room, and minutes to read
        with hole.open("wb") as file:
            file.truncate(4 * 1024**3)
        for number in range(64):
            (tmp_path / f"hole{number}").hardlink_to(hole)

        def ask() -> None:
            headers = {"Authorization": "Bearer token"}
            with pytest.raises(httpx.HTTPError):
                httpx.post(
                    f"{url}/api/v3/command/webhook.scan?path={tmp_path}", headers=headers, timeout=60, trust_env=False
                )

        thread = threading.Thread(target=ask)
        thread.start()
        while not any("hole" in file.path for file in psutil.Process(hub.pid).open_files()):
            time.sleep(0.01)
        began = time.monotonic()
        hub.send_signal(signal.SIGTERM)
        assert hub.wait(20) == 0
        assert time.monotonic() - began < 8  # the six seconds that open requests have, and no more
        thread.join(10)
    finally:
        hub.kill()
        hub.communicate()
