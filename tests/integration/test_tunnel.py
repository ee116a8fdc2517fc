"""`pfnb serve --tunnel` with a stand-in for cloudflared and its like: a program that prints an address and stays."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest

from pfnb.exceptions import StartError
from pfnb.server import tunnel
from pfnb.server.tunnel import PRESETS, tunnelled, words_of
from tests.live.served import TOKEN, Served, served

SECRET = "0b0c6a8e-6d6b-4f1e-9d5e-5b8f3f6936bd"
ADDRESS = "https://calm-sea.trycloudflare.com"


def program(folder: Path, *lines: str) -> str:
    """A command that runs this shell script with the port as its first word, and its file of notes as the second."""
    script = folder / "stand-in"
    script.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    script.chmod(0o755)
    return f"'{script}' {{port}} '{folder / 'notes'}'"


def until(condition: Callable[[], object], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def notes(folder: Path) -> list[str]:
    file = folder / "notes"
    return file.read_text().split() if file.exists() else []


def said(hub: Served) -> str:
    return hub.log.read_text()


STAYS = ('echo "$1" >>"$2"', f'echo "INF |  {ADDRESS}  |"', "sleep 600 &", 'echo $! >>"$2"', "wait")


def test_webhooks_have_the_tunnels_address_which_leads_to_receiving_only(tmp_path: Path) -> None:
    with served(tmp_path, "--tunnel", program(tmp_path, *STAYS)) as hub:
        client = hub.client()
        until(lambda: client.command("hub.status")["url"] == f"{ADDRESS}/pfnb")
        webhook = client.command("webhook.put", eventKey="order.placed")
        assert webhook["webhookUrl"].startswith(f"{ADDRESS}/pfnb/")
        there = f"http://127.0.0.1:{notes(tmp_path)[0]}/pfnb"
        with httpx.Client(trust_env=False, headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.7"}) as outside:
            sent = outside.post(webhook["webhookUrl"].replace(f"{ADDRESS}/pfnb", there), json={})
            assert sent.json()["status"] == "running"
            assert outside.post(webhook["pathUrl"].replace(f"{ADDRESS}/pfnb", there)).json()["status"] == "running"
            assert outside.get(f"{there}/healthz").json() == {"status": "ok"}
            token = {"Authorization": f"Bearer {TOKEN}"}
            for path in ("api/v3/command/hub.status", "api/v3/pipeline", "api/v3/session", "api/v3/openapi.json"):
                assert outside.post(f"{there}/{path}", headers=token).status_code == 404
        assert client.command("webhook.get", uuid=webhook["uuid"])[0]["received"] == 2
        row, _ = client.command("webhook.receive.logs", uuid=webhook["uuid"])
        assert row["remoteAddress"] == "203.0.113.7"
        client.close()


def test_a_tunnel_that_dies_starts_again_and_its_new_address_is_announced(tmp_path: Path) -> None:
    lines = ('echo "$1" >>"$2"', 'echo "https://sea-$(wc -l <"$2").trycloudflare.com"', "exec sleep 600")
    with served(tmp_path, "--tunnel", program(tmp_path, *lines)) as hub:
        client = hub.client()
        until(lambda: "sea-1." in client.command("hub.status")["url"])
        uuid = client.command("webhook.put", eventKey="order.placed")["uuid"]
        (child,) = (one for one in hub.process.children() if one.name() == "sleep")
        child.kill()
        until(lambda: "sea-2." in client.command("hub.status")["url"])
        assert "sea-2." in client.command("webhook.get", uuid=uuid)[0]["webhookUrl"]
        moved = "the address of webhooks has changed from https://sea-1.trycloudflare.com/pfnb to https://sea-2."
        (problem,) = client.command("hub.status")["problems"]
        assert problem.startswith(moved)
        until(lambda: moved in said(hub))
        assert "stand-in was ended by signal 9: https://sea-1.trycloudflare.com; it starts again in 1 s" in said(hub)
        client.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_the_whole_tunnel_ends_with_the_hub(number: int, tmp_path: Path) -> None:
    with served(tmp_path, "--tunnel", program(tmp_path, "trap '' TERM", *STAYS)) as hub:
        until(lambda: len(notes(tmp_path)) == 2)
        tree = [one for one in hub.process.children(recursive=True) if one.name() in ("sh", "stand-in", "sleep")]
        assert int(notes(tmp_path)[1]) in {one.pid for one in tree}
        hub.process.send_signal(number)
        until(lambda: not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in tree))


def serve(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pfnb.cli", "serve", "--port", "0", "--data-dir", str(folder / "hub"), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_tunnel_that_ends_at_once_ends_the_hub_with_its_last_words(tmp_path: Path) -> None:
    words = program(tmp_path, "echo ERR authentication failed >&2", f"echo dest=/pfnb/hook/{SECRET}", "exit 7")
    done = serve(tmp_path, "--tunnel", words)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "pfnb: --tunnel: stand-in ended with status 7: ERR authentication failed | dest=/pfnb/hook/…6936bd"
    )
    assert SECRET not in done.stderr


def test_a_tunnel_with_a_known_address_that_ends_at_once_ends_the_hub(tmp_path: Path) -> None:
    done = serve(tmp_path, "--public-url", "https://hooks.example.org/pfnb", "--tunnel", program(tmp_path, "exit 3"))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "pfnb: --tunnel: stand-in ended with status 3 and wrote nothing"


@pytest.mark.parametrize(
    ("words", "status", "line"),
    [
        (["--tunnel", "no-such-program {port}"], 1, "--tunnel: there is no program no-such-program: install it"),
        (["--tunnel", "sh -c 'echo {port}"], 1, "--tunnel: the command cannot be read: No closing quotation"),
        (["--tunnel", "cloudflared tunnel run hooks"], 2, "write {port} where it belongs, or choose that port with"),
    ],
)
def test_a_command_that_cannot_work_is_said_in_one_line(
    words: list[str], status: int, line: str, tmp_path: Path
) -> None:
    done = serve(tmp_path, *words)
    assert done.returncode == status
    assert line in done.stderr.splitlines()[-1]


def test_a_known_address_is_not_read_from_the_output(tmp_path: Path) -> None:
    url = "https://hooks.example.org/pfnb"
    with served(tmp_path, "--public-url", url, "--tunnel", program(tmp_path, *STAYS)) as hub:
        client = hub.client()
        until(lambda: len(notes(tmp_path)) == 2)
        assert client.command("hub.status")["url"] == url
        client.close()


def test_a_hub_that_waits_for_its_tunnels_address_can_be_stopped(tmp_path: Path) -> None:
    with served(tmp_path, "--tunnel", program(tmp_path, 'echo "$1" >>"$2"', "exec sleep 600")) as hub:
        until(lambda: notes(tmp_path))
        hub.process.send_signal(signal.SIGINT)
        assert hub.process.wait(10) == 0
    assert "Traceback" not in said(hub)


async def test_a_tunnel_without_an_address_is_not_waited_for_forever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tunnel, "ADDRESS_SECONDS", 0.3)
    words = program(tmp_path, "echo inspect at http://127.0.0.1:4040", "exec sleep 600")
    with pytest.raises(StartError, match=r"printed no https address within 0\.3 s: inspect at .*add --public-url"):
        async with tunnelled(words, 1, _never, asyncio.Event()):
            pass


async def _never(address: str) -> None:
    raise AssertionError(address)


async def test_a_flood_of_output_is_read_and_forgotten_and_the_tunnel_gets_none_of_the_hubs_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PFNB_TOKEN", TOKEN)
    monkeypatch.setenv("NGROK_AUTHTOKEN", "mine")
    flood = "head -c 5000000 /dev/zero | tr '\\0' x"
    words = program(
        tmp_path, flood, flood, f"echo; echo {ADDRESS}", 'env >"$2"', flood, 'echo end >>"$2"', "exec sleep 600"
    )
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with tunnelled(words, 1, heard.put, asyncio.Event()):
        assert await asyncio.wait_for(heard.get(), 20) == ADDRESS
        async with asyncio.timeout(20):
            while "end" not in notes(tmp_path):
                await asyncio.sleep(0.02)
    environment = (tmp_path / "notes").read_text()
    assert "NGROK_AUTHTOKEN=mine" in environment
    assert "PFNB_" not in environment


@pytest.mark.parametrize("name", PRESETS)
def test_a_word_stands_for_a_whole_command(name: str) -> None:
    words = words_of(name, 8900)
    assert words[0] == name
    assert re.search(r"\b8900\b", " ".join(words))
