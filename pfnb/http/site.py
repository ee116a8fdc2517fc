"""What every handler needs: the hub, the runner for pipelines that arrive by HTTP, and who is asking."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from tornado.httputil import HTTPServerRequest

from pfnb.http.gate import Gate
from pfnb.http.worker import WorkerProcess
from pfnb.hub.access import HubAccess
from pfnb.hub.hub import Hub
from pfnb.language.port import User
from pfnb.language.runner import Runner


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking, and whether only a cookie says so: then a GET may run nothing that changes anything."""

    user: User
    by_cookie: bool = False


@dataclass(frozen=True, slots=True)
class Peer:
    """A kernel that may open a session: its owner, and the notebook it runs (None: it says so itself). Or the hub's own worker:
    then the owner is that of each pipeline."""

    owner: str
    kernel_id: str | None = None
    notebook: str | None = None
    is_worker: bool = False


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds that a caller with `wait=true` waits, if it does not say, and at most."""

    wait: float = 30.0
    longest_wait: float = 300.0


class Session(Protocol):
    def close(self, code: int | None = None, reason: str | None = None) -> None: ...


@dataclass(frozen=True, slots=True)
class Site:
    """`url` is the hub's address without a final slash. `peer_of` says which kernel a session request comes from, or None."""

    hub: Hub
    runner: Runner
    url: Callable[[], str]
    peer_of: Callable[[HTTPServerRequest], Awaitable[Peer | None]]
    timing: Timing = field(default_factory=Timing)
    gate: Gate = field(default_factory=Gate)
    sessions: set[Session] = field(default_factory=set)
    worker: WorkerProcess = field(default_factory=WorkerProcess)

    def open(self) -> None:
        """The hub is open, and can be reached at `url`."""
        self.worker.begin(self.url(), self.hub.pipelines.wanted)

    async def close(self) -> None:
        """Take leave of the kernels, end the worker and stop the clock; the hub is closed after that."""
        for session in list(self.sessions):
            session.close(1001, "the hub is stopping")
        self.gate.close()
        await self.worker.end()

    async def peer(self, request: HTTPServerRequest) -> Peer | None:
        """Which kernel asks for a session, or the worker; None for anybody else."""
        if self.worker.is_meant(request):
            return Peer(self.hub.settings.owner, is_worker=True)
        return await self.peer_of(request)

    def access(self, user: User) -> HubAccess:
        return HubAccess(self.hub, user, self.url())
