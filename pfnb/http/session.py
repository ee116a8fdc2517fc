"""The hub's end of a kernel's session: a WebSocket that carries calls one way and deliveries the other."""

from __future__ import annotations

from typing import Any

from tornado.websocket import WebSocketClosedError, WebSocketHandler

from pfnb.exceptions import NotAuthenticatedError, NotFoundError, RequestError, RunLimitError
from pfnb.http.calls import WAITS, Calls
from pfnb.http.errors import error_answer
from pfnb.http.handler import HubHandler
from pfnb.http.site import Peer, Site
from pfnb.http.wire import MAX_FRAME, PROTOCOL, pack, unpack
from pfnb.http.worker_calls import WorkerCalls
from pfnb.hub.delivery import Listener, Outcome
from pfnb.hub.feed import Job
from pfnb.hub.payload import log_entry
from pfnb.hub.tasks import Tasks

MAX_CALLS = 1_000
MAX_CUT_OFF = 20
"""How often a run of a stored pipeline is begun that never ends by itself."""
PING_SECONDS = 20


class SessionHandler(WebSocketHandler, HubHandler):
    """A worker of the dispatcher for as long as the connection lasts. What it had running then is pending again."""

    def initialize(self, site: Site) -> None:
        HubHandler.initialize(self, site)
        self._waits = Tasks()
        self._open_calls = 0
        self._peer: Peer | None = None
        self.session = ""
        self._calls: Calls | WorkerCalls | None = None

    @property
    def ping_interval(self) -> float:
        return PING_SECONDS

    @property
    def max_message_size(self) -> int:
        return MAX_FRAME

    def check_origin(self, origin: str) -> bool:  # noqa: ARG002
        """Only browsers send an origin, and no page has a session."""
        return False

    async def prepare(self) -> None:
        self._peer = await self.site.peer(self.request)
        if self._peer is None:
            raise NotAuthenticatedError("this kernel's token is not the hub's: restart the kernel, or set PFNB_TOKEN")

    def open(self, *_args: str, **_kwargs: str) -> None:
        self.set_nodelay(True)
        self.site.sessions.add(self)

    def on_message(self, message: str | bytes) -> None:
        try:
            head, data = unpack(message if isinstance(message, bytes) else message.encode())
            if self._calls is None:
                self._hello(head)
            elif self._open_calls >= MAX_CALLS:
                raise RequestError(f"a session has at most {MAX_CALLS} calls under way")
            else:
                # A wait ends with its connection; anything else is short, and is finished although nobody reads the answer.
                tasks = self._waits if head.get("method") in WAITS else self.site.hub.tasks
                tasks.spawn(self._call(self._calls, head, data), f"pfnb call {head.get('method')}")
        except RequestError as error:
            self.close(1008, error.message[:120])

    def on_close(self) -> None:
        self._waits.cancel()
        self.site.sessions.discard(self)
        self.site.hub.pipelines.left(self)
        if self.site.hub.ready:  # a hub that closes has taken back everything already
            self.site.hub.tasks.spawn(self.site.hub.dispatcher.detach(self), "pfnb session end")

    def _hello(self, head: dict[str, Any]) -> None:
        if head.get("type") != "hello" or head.get("protocol") != PROTOCOL:
            raise RequestError(f"a session begins with hello, protocol {PROTOCOL}: use the pfnb of this hub")
        assert self._peer is not None, "`prepare` let the kernel in"
        self.session = str(head.get("session"))
        if self._peer.is_worker:
            self._calls = WorkerCalls(self.site)
            self.site.hub.tasks.spawn(self._begin_work(), "pfnb worker")
            return
        notebook = self._peer.notebook or head.get("notebook") or f"kernel {self.session[:8]}"
        self._calls = Calls(self.site, self, self._peer.owner, str(notebook), since=head.get("since"))
        welcome = {
            "type": "welcome",
            "owner": self._peer.owner,
            "roles": sorted(self.site.hub.users.user(self._peer.owner).roles),
            "hub": self.site.url(),
            "durable": self.site.hub.store.durable,
            "publicUrl": self.site.hub.settings.public_url,
            "since": self._calls.since,
            "notebook": notebook,
        }
        self.site.hub.tasks.spawn(self._send(welcome), "pfnb welcome")

    async def _begin_work(self) -> None:
        await self._send({"type": "welcome"})
        await self.site.hub.pipelines.serve(self)

    async def _call(self, calls: Calls | WorkerCalls, head: dict[str, Any], data: bytes) -> None:
        number = head.get("id")
        self._open_calls += 1
        try:
            value = await calls.run(str(head.get("method")), head.get("arguments") or {}, data)
            is_raw = isinstance(value, bytes)
            answer = {"type": "result", "id": number, "value": None if is_raw else value}
            await self._send(answer, value if is_raw else b"")
        except Exception as error:
            # Whatever went wrong is the caller's answer; what is not pfnb's own is logged there.
            _, body, _ = error_answer(error)
            await self._send({"type": "error", "id": number, "error": body})
        finally:
            self._open_calls -= 1

    async def deliver(self, job: Job) -> None:
        delivery, event = job.delivery, job.event
        attempt = delivery.attempts + 1
        row = {**delivery.to_json(), "status": "running", "attempts": attempt}
        try:
            seen = await self.site.hub.history.object(event, job.body)
            stored = self._stored(job.listener, attempt) if job.listener.is_stored else {}
        except Exception as error:
            # Whatever it is, this delivery cannot be handed over, and the others wait behind it.
            _, body, _ = error_answer(error)
            outcome = Outcome(succeeded=False, error=body)
            await self.site.hub.dispatcher.finish(delivery.id, job.lease, outcome)
            return
        await self._send(
            {
                "type": "delivery",
                "delivery": str(delivery.id),
                "lease": job.lease,
                "listener": delivery.listener,
                "attempt": attempt,
                "event": seen,
                "entry": log_entry(event, None, [row]),
                **stored,
            }
        )

    def _stored(self, listener: Listener, attempt: int) -> dict[str, Any]:
        """What a worker needs to know of a pipeline. NotFoundError if its owner is gone; RunLimitError for a run that was cut off
        again and again: it may be what ends the worker, and with it the runs of all others."""
        if attempt > MAX_CUT_OFF + (listener.retry.times if listener.retry is not None else 0):
            raise RunLimitError(
                f"this run was begun {attempt - 1} times and never ended: the worker was, or the pipeline was changed meanwhile"
            )
        try:
            owner = self.site.hub.users.user(listener.owner)
        except NotFoundError as error:
            raise NotFoundError(
                f"the pipeline {listener.name} belongs to {listener.owner}, and there is no such user any more: "
                "delete it and have somebody else save it"
            ) from error
        return {"source": listener.source, "owner": {"name": owner.name, "roles": sorted(owner.roles)}}

    def revoke(self, listener: str) -> None:
        # Not waited for: a connection that is broken may take long to say so.
        self.site.hub.tasks.spawn(self._send({"type": "revoked", "listener": listener}), "pfnb revoke")

    async def _send(self, head: dict[str, Any], body: bytes = b"") -> None:
        try:
            await self.write_message(pack(head, body), binary=True)
        except WebSocketClosedError:
            # `on_close` takes back what was running; there is nobody left to tell.
            return
