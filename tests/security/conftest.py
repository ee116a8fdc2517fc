from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from pfnb.http.server import LocalServer
from tests.http.conftest import SECONDS, owner, server

__all__ = ["People", "owner", "people", "server"]
COMMAND = "/api/v3/command/"
PIPELINE = "/api/v3/pipeline"


class People:
    """Users of a real hub, each asking over HTTP with a token of their own."""

    def __init__(self, server: LocalServer, ada: httpx.AsyncClient, folder: Path) -> None:
        self.server = server
        self.ada = ada
        self._folder = folder
        self._clients: list[httpx.AsyncClient] = []

    async def join(self, name: str, roles: str = "", **more: str) -> httpx.AsyncClient:
        """A new user with these roles."""
        await self.do(self.ada, "iam.user.create", username=name, roleNames=roles, **more)
        return self.client((await self.do(self.ada, "iam.apitoken", username=name)).text)

    def client(self, token: str) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {token}"}
        made = httpx.AsyncClient(base_url=self.server.url, headers=headers, trust_env=False, timeout=SECONDS)
        self._clients.append(made)
        return made

    async def do(self, client: httpx.AsyncClient, command: str, **parameters: Any) -> httpx.Response:
        answer = await self.try_to(client, command, **parameters)
        assert answer.status_code == 200, answer.text
        return answer

    async def try_to(self, client: httpx.AsyncClient, command: str, **parameters: Any) -> httpx.Response:
        return await client.post(COMMAND + command, data=parameters)

    async def run(self, client: httpx.AsyncClient, *steps: str) -> httpx.Response:
        return await client.post(PIPELINE, content="pipeline:\n" + "".join(f"  - {step}\n" for step in steps))

    async def roles_of(self, name: str) -> set[str]:
        return set(self.server.hub.users.user(name).roles)

    def audit(self, event: str | None = None) -> list[dict[str, Any]]:
        """The entries of the audit log, each a line."""
        entries = [json.loads(line) for line in (self._folder / "audit.log").read_bytes().decode("ascii").splitlines()]
        return [entry for entry in entries if event in (None, entry["event"])]

    async def leave(self) -> None:
        for client in self._clients:
            await client.aclose()


@pytest.fixture
async def people(server: LocalServer, owner: httpx.AsyncClient, tmp_path: Path) -> AsyncIterator[People]:
    made = People(server, owner, tmp_path / "hub")
    yield made
    await made.leave()
