"""The hub's end of a kernel's session: a WebSocket that carries calls one way and deliveries the other."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from tornado.web import stream_request_body
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from pfnb.exceptions import NotAuthenticatedError, RequestError
from pfnb.http.bodiless import BodilessHandler
from pfnb.http.door import note_failure
from pfnb.http.errors import error_answer
from pfnb.http.handler import HubHandler
from pfnb.http.hello import hello_of
from pfnb.http.outbox import Outbox
from pfnb.http.ports import call_of
from pfnb.http.protocol import CALLS
from pfnb.http.session_calls import KernelCalls, WorkerCalls
from pfnb.http.site import Peer, Site
from pfnb.http.wire import MAX_FRAME, Incoming, pack, packed
from pfnb.hub.causation import caused_by
from pfnb.hub.dispatch.feed import Job
from pfnb.hub.origin import Kind, Origin
from pfnb.hub.records.delivery import Delivery
from pfnb.hub.records.event import Event
from pfnb.hub.tasks import Tasks
from pfnb.hub.workers.process import WorkerProcess
from pfnb.rows.session import WelcomeFrame

SHORT = 8 * 1024
"""The frames of events up to this size are encoded on the loop: measuring one first would take half as long again."""
MAX_CALLS = 1_000
MAX_DIGITS = 18
"""The most characters of a delivery's number."""
MAX_AHEAD = 64
"""Deliveries of one listener that a kernel gets ahead of their turn."""
PING_SECONDS = 20
UNKNOWN_KERNEL = "this kernel's token is not the hub's: restart the kernel, or set PFNB_TOKEN"
MAX_REASON = 123
"""The most bytes of a WebSocket's close reason."""


@stream_request_body
class SessionHandler(WebSocketHandler, BodilessHandler):
    """A worker of the dispatcher while the connection lasts. When it ends, its running deliveries become pending again."""

    def initialize(self, site: Site) -> None:
        HubHandler.initialize(self, site)
        self._waits = Tasks()
        self._open_calls = 0
        self._peer: Peer | None = None
        self.session = ""
        self.ahead = 0
        self._outbox = Outbox(partial(self.write_message, binary=True))
        self._incoming = Incoming()
        self._calls: KernelCalls | WorkerCalls | None = None

    @property
    def ping_interval(self) -> float:
        return PING_SECONDS

    @property
    def ping_timeout(self) -> float:
        return PING_SECONDS

    @property
    def max_message_size(self) -> int:
        return MAX_FRAME

    def check_origin(self, origin: str) -> bool:  # noqa: ARG002
        """Reject any Origin: only browsers send one, and web pages have no sessions."""
        return False

    async def prepare(self) -> None:
        self.refuse_body()
        self._peer = await self.site.peer(self.request)
        if self._peer is None:
            await note_failure(self.site, self.request)
            raise NotAuthenticatedError(UNKNOWN_KERNEL)

    def open(self, *_args: str, **_kwargs: str) -> None:
        self.set_nodelay(True)
        self.site.sessions.add(self)

    def on_pong(self, data: bytes) -> None:  # noqa: ARG002
        self._heard()

    def _heard(self) -> None:
        if self._peer is not None and self._peer.worker is not None:
            self._peer.worker.watchdog.heard()

    async def on_message(self, message: str | bytes) -> None:
        """Tornado reads the next message when this returns."""
        self._heard()
        try:
            if (frame := await self._incoming.frame(message)) is None:
                return
            head, data = frame
            if self._calls is None:
                self._hello(head)
            elif head.get("type") != "call":
                raise RequestError("after its hello, a session may send only calls")
            elif self._open_calls >= MAX_CALLS:
                raise RequestError(f"a session may have at most {MAX_CALLS} calls at once")
            else:
                # A wait ends with its connection; any other call is short, and finishes even if nobody reads the answer.
                tasks = self._waits if _waits(head.get("method")) else self.site.hub.tasks
                tasks.spawn(self._call(self._calls, head, data), "pfnb call")
        except RequestError as error:
            self.close(1008, error.message.encode()[:MAX_REASON].decode("utf-8", "ignore"))

    def on_close(self) -> None:
        self._waits.cancel()
        self.site.sessions.discard(self)
        # One that disconnects without a close frame was killed, maybe by its own run; unless it has reconnected already.
        others = {one.session for one in self.site.sessions if isinstance(one, SessionHandler)}
        was_killed = self.close_code is None and self.session not in others
        self.site.hub.left(self, was_killed=was_killed)

    def _hello(self, head: dict[str, Any]) -> None:
        hello = hello_of(head)
        assert self._peer is not None, "`prepare` let the kernel in"
        self.session = hello.session
        self.ahead = MAX_AHEAD if hello.ahead else 0
        self._outbox.bundles = hello.ahead
        if self._peer.worker is not None:
            self._calls = WorkerCalls(self.site, self, self._origin("worker"))
            self.site.hub.tasks.spawn(self._begin_work(self._peer.worker), "pfnb worker")
            return
        self.site.hub.suspects.came_back(self.session)
        notebook = self._peer.notebook or hello.notebook or f"kernel {self.session[:8]}"
        self._calls = KernelCalls(
            self.site,
            self,
            self._peer.owner,
            notebook,
            since=hello.since,
            origin=replace(self._origin("session"), notebook=notebook),
        )
        welcome: WelcomeFrame = {
            "type": "welcome",
            "owner": self._peer.owner,
            "roles": sorted(self.site.hub.users.user(self._peer.owner).roles),
            "hub": self.site.url(),
            "durable": self.site.hub.store.durable,
            "publicUrl": self.site.hub.settings.public_url,
            "since": self._calls.since,
            "notebook": notebook,
        }
        if moved := self.site.hub.moved(self._peer.owner):
            welcome["moved"] = moved
        self.site.hub.tasks.spawn(self._send(dict(welcome)), "pfnb welcome")

    def _origin(self, kind: Kind) -> Origin:
        """The kernel's id comes from the server, the session's id from the kernel itself."""
        kernel = self._peer.kernel_id if self._peer is not None else None
        return Origin(kind, session=kernel or self.session, address=self.site.address_of(self.request))

    async def _begin_work(self, process: WorkerProcess) -> None:
        process.watchdog.connected(self._ask, self._running)
        await self._send({"type": "welcome"})
        await process.arrived(self)

    def _running(self) -> list[str]:
        """The names of the pipelines that this worker is running."""
        return [*self.site.hub.dispatcher.held_by(self).values(), *self.site.hub.workers.callers.names(self)]

    async def ask(self, frame: Mapping[str, Any]) -> None:
        """Send the worker a frame, which may be long."""
        await self._send(dict(frame))

    def _ask(self) -> None:
        """Ping the worker."""
        with suppress(WebSocketClosedError):
            self.ping()

    async def _call(self, calls: KernelCalls | WorkerCalls, head: dict[str, Any], data: bytes) -> None:
        number = head.get("id")
        self._open_calls += 1
        try:
            with caused_by(self._cause(head.get("cause"))):
                value = await calls.run(*call_of(head), data)
            is_raw = isinstance(value, bytes)
            answer = {"type": "result", "id": number, "value": None if is_raw else value}
            await self._send(answer, value if is_raw else b"")
        except Exception as error:
            # Any error is the caller's answer; `error_answer` logs those that are not pfnb's own.
            _, body, _ = error_answer(error)
            await self._send({"type": "error", "id": number, "error": body})
        finally:
            self._open_calls -= 1

    def _cause(self, delivery: object) -> Event | None:
        """The event of the delivery whose run makes this call, if it belongs to this session."""
        if not isinstance(delivery, str) or not delivery.isdecimal() or len(delivery) > MAX_DIGITS:
            return None
        return self.site.hub.dispatcher.event_of(int(delivery), self)

    async def deliver(self, job: Job) -> None:
        handover = self.site.hub.handover
        try:
            head = dict(await handover.frame(job, self))
            is_short = (
                job.event.size <= SHORT and not job.more and not job.listener.is_stored
            )  # whose source comes along
            frame = [pack(head)] if is_short else await packed(head)
        except Exception as error:
            await handover.give_up(job, self, error, error_answer(error)[1])
            return
        if handover.is_wanted(job, self):
            await self._outbox.send(frame)

    def discard(self, delivery: Delivery, error: dict[str, Any]) -> None:
        head = {"type": "discarded", "delivery": str(delivery.id), "listener": delivery.listener, "error": error}
        self.site.hub.tasks.spawn(self._send(head), "pfnb discard")

    def revoke(self, listener: str) -> None:
        # Do not wait: a broken connection may take long to fail.
        self.site.hub.tasks.spawn(self._send({"type": "revoked", "listener": listener}), "pfnb revoke")

    async def _send(self, head: dict[str, Any], body: bytes = b"") -> None:
        await self._outbox.send(await packed(head, body))


def _waits(method: object) -> bool:
    """Whether a call waits for something to happen."""
    return isinstance(method, str) and method in CALLS and CALLS[method].waits
