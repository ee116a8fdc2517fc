"""`pi` against a real hub."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from pfnb.http.server import LocalServer
from pfnb.hub.home import HubOptions
from pfnb.pi.main import http_client, run

Pi = Callable[..., Awaitable[str]]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[LocalServer]:
    made = LocalServer(HubOptions(tmp_path / "hub", owner="ada"))
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def pi(server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> Pi:
    """What `pi` prints for these words; raises what it fails with."""
    monkeypatch.setenv("PFNB_URL", server.url)
    monkeypatch.setenv("PFNB_TOKEN", server.token)

    async def call(*words: str) -> str:
        out = io.StringIO()
        await asyncio.to_thread(run, words, http_client, out)
        return out.getvalue()

    return call
