"""A hub as an outside program sees it: commands with a token, deliveries without."""

from __future__ import annotations

from typing import Any

import httpx


class HubClient:
    """`url` is the hub's own, such as `http://127.0.0.1:8888/pfnb`."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self._http = httpx.Client(headers={"Authorization": f"token {token}"}, timeout=30, trust_env=False)

    def command(self, name: str, **parameters: str | int) -> Any:
        """The command's result; httpx.HTTPStatusError if it failed."""
        answer = self._http.post(f"{self.url}/api/v3/command/{name}", params=parameters)
        answer.raise_for_status()
        return answer.json()

    def receiver(self, uuid: str, **query: str | int) -> str:
        """The address a sender would call."""
        return str(httpx.URL(f"{self.url}/api/v3/command/webhook.receive", params={"uuid": uuid, **query}))

    def close(self) -> None:
        self._http.close()
