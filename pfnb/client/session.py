"""One kernel connected to one hub, as long as both live: reconnects by itself and registers its listeners again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, cast

from pfnb.client.calls import Calls
from pfnb.client.connection import Connection, connect
from pfnb.client.discovery import HubAddress
from pfnb.exceptions import HubUnreachableError, PfnbError, RequestError
from pfnb.rows.error import ErrorRow
from pfnb.rows.listener import Registered
from pfnb.rows.run import DeliveryFrame
from pfnb.rows.session import WelcomeFrame

log = logging.getLogger("pfnb.listener")
SERVERS_FAULT = 500
"""Statuses from this one on mean that the hub, not the request, is at fault."""
GRACE = 10.0
"""Seconds that a call waits for a lost hub before it fails."""
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 5.0


def _ignore(*_told: object) -> None:
    """For a session without listeners, which gets no deliveries."""


class Session:
    """`id` names this kernel process to the hub, `notebook` the document it runs.

    `on_delivery` is called with each delivery the hub hands over, `on_revoked` with the name of a listener that this session
    has lost, `on_discarded` with the number and the error of a delivery that was set aside.
    Call all methods on the loop on which `open` was awaited.
    """

    def __init__(
        self,
        address: HubAddress,
        *,
        id: str,  # noqa: A002 - the protocol's word
        notebook: str | None,
        on_delivery: Callable[[DeliveryFrame], None] = _ignore,
        on_revoked: Callable[[str], None] = _ignore,
        on_discarded: Callable[[str, ErrorRow], None] = _ignore,
        grace: float = GRACE,
    ) -> None:
        self._address = address
        self._hello: dict[str, Any] = {"session": id, "notebook": notebook, "since": None, "ahead": True}
        self._on_delivery = on_delivery
        self._on_revoked = on_revoked
        self._on_discarded = on_discarded
        self._calls = Calls(grace, self._unreachable)
        self._listeners: dict[str, dict[str, Any]] = {}
        self._connection: Connection | None = None
        self._last_error: PfnbError | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.welcome: WelcomeFrame
        self.connections = 0
        """How many connections there have been so far."""

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    @property
    def since(self) -> int:
        """The seq of the last event accepted before this session began."""
        return int(self._hello["since"])

    async def open(self) -> None:
        """Connect for the first time. Raises HubUnreachableError or NotAuthenticatedError, without a retry."""
        self._begin(await connect(self._address, self._hello))

    async def close(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._calls.close(HubUnreachableError("pfnb was unloaded meanwhile: run %load_ext pfnb"))
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.closed()

    async def call(self, method: str, arguments: Mapping[str, Any], body: bytes = b"") -> Any:
        """Call a method of the hub and return its answer: a JSON value, or bytes. Raises the hub's error, or
        HubUnreachableError."""
        return await self._calls.call(method, arguments, body)

    async def register(self, name: str, arguments: Mapping[str, Any]) -> list[str]:
        """Register a listener, now and after each reconnect. Returns the event keys of webhooks that match its pattern but that
        it does not hear. NameTakenError if another notebook holds the name."""
        registered = await self.call("register_listener", {"name": name, **arguments})
        self._listeners[name] = {"name": name, **arguments, "replace": False, "resume": True}
        return cast(Registered, registered)["leftOut"]

    async def unregister(self, name: str) -> None:
        await self.call("unregister_listener", {"name": name})
        self._listeners.pop(name, None)

    def _begin(self, connection: Connection) -> None:
        self._connection = connection
        self.connections += 1
        self.welcome = connection.welcome
        if self._hello["since"] is None:
            self._hello["since"] = connection.welcome["since"]
        self._calls.connected(connection.send)
        self._spawn(self._serve(connection))
        for arguments in self._listeners.values():
            self._spawn(self._register_again(arguments, connection))

    async def _serve(self, connection: Connection) -> None:
        try:
            while (frame := await connection.receive()) is not None:
                self._take(*frame)
        except RequestError as error:
            self._last_error = error
        connection.close()
        self._connection = None
        self._calls.broken()
        self._spawn(self._reconnect())

    def _take(self, head: dict[str, Any], body: bytes) -> None:
        kind = head.get("type")
        if kind in ("result", "error"):
            self._calls.settle(head, body)
        elif kind == "delivery":
            self._on_delivery(cast(DeliveryFrame, head))
        elif kind == "revoked":
            self._lose(head["listener"])
        elif kind == "discarded":
            self._on_discarded(head["delivery"], head["error"])

    async def _reconnect(self) -> None:
        wait = _FIRST_WAIT
        while True:
            await asyncio.sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT)
            try:
                connection = await connect(self._address, self._hello)
            except PfnbError as error:
                self._last_error = error
            else:
                self._begin(connection)
                return

    async def _register_again(self, arguments: dict[str, Any], connection: Connection) -> None:
        """Retry until the hub accepts the listener or refuses it for good. A new connection starts over."""
        name, wait = arguments["name"], _FIRST_WAIT
        while self._connection is connection and self._listeners.get(name) is arguments:
            try:
                await self.call("register_listener", arguments)
                return
            except PfnbError as error:
                if error.status < SERVERS_FAULT:
                    self._lose(name)
                    return
                log.warning("%s cannot listen again yet, and keeps trying: %s", name, error)
            wait = min(2 * wait, _LONGEST_WAIT)
            await asyncio.sleep(wait)

    def _lose(self, name: str) -> None:
        self._listeners.pop(name, None)
        self._on_revoked(name)

    def _unreachable(self) -> HubUnreachableError:
        why = f": {self._last_error.message}" if self._last_error is not None else ""
        return HubUnreachableError(
            f"the hub at {self._address.url} is gone{why}. pfnb keeps trying to reconnect; once it has, run this again. To "
            "use another hub: %reload_ext pfnb"
        )

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
