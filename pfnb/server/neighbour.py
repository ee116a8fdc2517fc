"""Asks the hub of another server of the same user whether it is healthy, and which secrets to mask."""

from __future__ import annotations

import asyncio

from pfnb.http.proof import digest_of
from pfnb.http.vouch import HEADER, Vouched, Vouching
from pfnb.server.proven import ask, proven, target_of

SECONDS = 4.0
"""Seconds without an answer after which a hub counts as stopped."""


class Neighbour:
    """`secrets` are the uuids of the hub's webhooks, by its latest answer."""

    def __init__(self, vouching: Vouching) -> None:
        self.secrets: frozenset[str] = frozenset()
        self._vouching = vouching
        self._digest = ""

    async def ask(self, url: str) -> None:
        """Returns if the hub there answers and is this user's. TimeoutError, another OSError or NotOurHubError."""
        async with asyncio.timeout(SECONDS):
            stream = await proven(url, self._vouching)
            try:
                target = target_of(url, {"have": self._digest})
                vouched = self._vouching.header(Vouched("127.0.0.1", is_server=True), url, "GET", target)
                told = await ask(stream, target, {HEADER: vouched})
            finally:
                stream.close()
        if "secrets" in told:
            self.secrets, self._digest = frozenset(told["secrets"]), digest_of(sorted(told["secrets"]))
