"""What every handler needs: the hub, the runner for pipelines that arrive over HTTP, and the caller."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from tornado.httputil import HTTPServerRequest

from pfnb.http.caller_address import caller_address, owner_of
from pfnb.http.capacity import Capacity
from pfnb.http.gate import Gate, Places
from pfnb.http.log_mask import MaskedLogs
from pfnb.http.secret import authorization_token, same_secret
from pfnb.http.vouch import vouched_for
from pfnb.hub.access import NOWHERE, HubAccess
from pfnb.hub.hub import Hub
from pfnb.hub.origin import Origin
from pfnb.hub.workers.process import WorkerProcess
from pfnb.language.port import User
from pfnb.language.running.runner import Runner

KNOWN = 256
"""Requests of authenticated callers received at the same time; at most half of them from one user."""
REFUSED = 128
REFUSED_SECONDS = 5.0
"""How many bodies of refused requests are read at once, and for how long, so that their senders can read why."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking, and whether by cookie alone: then a GET may not run anything that makes changes."""

    user: User
    origin: Origin
    by_cookie: bool = False


@dataclass(frozen=True, slots=True)
class Peer:
    """A kernel that may open a session: its owner, and its notebook (None: its hello names it). Or a worker process of the hub,
    which acts for the owner of each pipeline."""

    owner: str
    kernel_id: str | None = None
    notebook: str | None = None
    worker: WorkerProcess | None = None


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds that a caller with `wait=true` waits: by default, and at most."""

    wait: float = 30.0
    longest_wait: float = 300.0


class Session(Protocol):
    def close(self, code: int | None = None, reason: str | None = None) -> None: ...


@dataclass(frozen=True, slots=True)
class Site:
    """`url` is the hub's address without a final slash. `peer_of` says which kernel a session request comes from, or None.
    Its own workers connect to `inner_url`, which bypasses any proxy, or else to `url`."""

    hub: Hub
    runner: Runner
    url: Callable[[], str]
    peer_of: Callable[[HTTPServerRequest], Awaitable[Peer | None]]
    inner_url: str = ""
    timing: Timing = field(default_factory=Timing)
    capacity: Capacity = field(default_factory=Capacity)
    sessions: set[Session] = field(default_factory=set)
    gate: Gate = field(init=False)
    known: Gate = field(init=False)
    refused: Gate = field(init=False)
    waiting: Places = field(init=False)
    logs: MaskedLogs = field(init=False)

    def __post_init__(self) -> None:
        """Give unknown, authenticated and refused callers a gate each, so that none takes the room of another."""
        capacity = self.capacity
        parts = {
            "logs": MaskedLogs(self.hub.webhooks.secrets, self.hub.secrets.known),
            "gate": Gate(capacity.max_uploads, capacity.uploads_per_address, capacity.body_seconds),
            "known": Gate(KNOWN, KNOWN // 2, capacity.body_seconds),
            "refused": Gate(REFUSED, REFUSED, REFUSED_SECONDS, patient=False),
            "waiting": Places(capacity.max_waiting, capacity.max_waiting // 2 or 1),
        }
        for name, part in parts.items():
            object.__setattr__(self, name, part)

    def share_of(self, request: HTTPServerRequest) -> str:
        """The key of the share that a request counts against."""
        return owner_of(self.address_of(request))

    def address_of(self, request: HTTPServerRequest) -> str:
        """The address that a request comes from, looking through trusted proxies."""
        return caller_address(request, self.capacity.trusted_proxies)

    def relieve(self, who: str | None) -> bool:
        """To free a connection, end the request of an unknown caller (of `who`) that has been arriving longest."""
        return self.refused.relieve(0.0, who) or self.gate.relieve(0.0, who)

    def open(self) -> None:
        """Call this when the hub is open and reachable at `url`."""
        self.logs.begin()
        self.hub.workers.begin(self.inner_url or self.url())
        self.hub.setups.begin()

    async def close(self) -> None:
        """Close the kernels' sessions, end the workers and stop the clock. Close the hub after that."""
        for session in list(self.sessions):
            session.close(1001, "the hub is stopping")
        for gate in (self.gate, self.known, self.refused):
            gate.close()
        await self.hub.setups.end()
        await self.hub.workers.end()
        self.logs.end()

    async def peer(self, request: HTTPServerRequest) -> Peer | None:
        """The kernel or worker that asks for a session; None for anybody else."""
        token = authorization_token(request)
        for process in self.hub.workers.processes:
            if process.token and same_secret(token, process.token):
                return Peer(self.hub.settings.owner, worker=process)
        vouched = vouched_for(request)
        if vouched is not None and vouched.kernel_id is not None:
            return Peer(self.hub.settings.owner, vouched.kernel_id, vouched.notebook)
        return await self.peer_of(request)

    def access(self, user: User, origin: Origin = NOWHERE) -> HubAccess:
        """The hub as one user may use it, from this origin."""
        return HubAccess(self.hub, user, self.url(), origin=origin)
