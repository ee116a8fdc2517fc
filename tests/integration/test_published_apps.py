"""Apps of a workspace, published to a real hub by `pi`: their pipelines run in its worker."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from pfnb.http.server import LocalServer
from pfnb.hub.home import HubOptions
from pfnb.pi.main import http_client, run
from tests.outbound.conftest import Partner, partner

__all__ = ["partner"]

APPS = Path(__file__).parent.parent / "guide" / "apps"
Pi = Callable[..., Awaitable[Any]]


@pytest.fixture
async def server(tmp_path: Path, partner: Partner, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LocalServer]:
    monkeypatch.setenv("PFNB_ALLOW_TARGETS", "127.0.0.1")
    made = LocalServer(HubOptions(tmp_path / "hub", owner="ada"))
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def pi(server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pi:
    """The result of `pi` with these words, in a workspace."""
    (tmp_path / "work" / ".pipeforce").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("PFNB_URL", server.url)
    monkeypatch.setenv("PFNB_TOKEN", server.token)

    async def call(*words: str) -> Any:
        out = io.StringIO()
        await asyncio.to_thread(run, ("--json", *words), http_client, out)
        return json.loads(out.getvalue())

    return call


def write(path: str, text: str) -> None:
    file = Path("src/global/app", path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def app(name: str) -> str:
    return (APPS / f"{name}.pi.yaml").read_text()


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(25):
        while not condition():
            await asyncio.sleep(0.02)


async def submit(pi: Pi, path: str, form: dict[str, Any]) -> None:
    await pi("command", "property.put", f"path={path}", f"value={json.dumps(form)}", "type=application/json")


async def test_a_form_moves_an_article_over_somebody_elses_api(pi: Pi, partner: Partner) -> None:
    partner.answers = [(200, {}, b""), (200, {"Content-Type": "application/json"}, b'{"result": [{"id": 1}]}')]
    config = {"config": {"api": partner.url, "token": "t0p", "article": "A7"}}
    write("stock/config/app.json", json.dumps(config))
    write("stock/pipeline/shipment.pi.yaml", app("shipment"))
    await pi("publish", "stock")
    await submit(pi, "global/app/stock/object/action/v1/instance/1", {"action": "block", "serial": "S0"})
    await submit(pi, "global/app/stock/object/action/v1/instance/2", {"action": "shipment", "serial": "S1"})
    await until(lambda: len(partner.got) == 2)
    assert [(got.method, got.path, got.headers["AuthenticationToken"]) for got in partner.got] == [
        ("POST", "/movements", "t0p"),
        ("GET", "/shipments", "t0p"),
    ]
    assert json.loads(partner.got[0].body) == {"articleId": "A7", "serialNumbers": ["S1"]}


async def test_a_webhook_of_an_app_keeps_what_it_receives(pi: Pi, server: LocalServer) -> None:
    webhook = await pi("command", "webhook.put", "eventKey=stock.counted", "payloadType=raw")
    write("stock/pipeline/counted.pi.yaml", app("counted"))
    await pi("publish", "stock")
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=60) as sender:
        answer = await sender.post(
            "/api/v3/command/webhook.receive",
            params={"uuid": webhook["uuid"], "wait": "true"},
            json={"article": "A7", "count": 12},
        )
    assert answer.json()["value"] == {"kept": "A7"}
    [kept] = await pi("command", "property.list", "pattern=global/app/stock/object/count/A7")
    assert json.loads(kept["value"])["count"] == 12
