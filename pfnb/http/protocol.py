"""The calls of a session, each declared once: name, parameters, result, and how it is sent.

`HubPort` declares what commands may ask of the hub, `KernelPort` what only kernels may. The port, the hub's dispatch, the retries
after a broken connection and the protocol's page follow from these declarations. To add a call, declare a method here or in
`HubPort`, and implement a method of the same name in `hub/access.py` or `hub/kernel_access.py`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from pfnb.language.port import HubPort, is_repeatable, repeatable
from pfnb.rows.delivery import Replayed
from pfnb.rows.error import ErrorRow
from pfnb.rows.event import EventPage, Filter, ReadEvent, WatchedEvents
from pfnb.rows.listener import ListenerRow, Registered
from pfnb.rows.webhook import RefusedOfWebhook

F = TypeVar("F", bound=Callable[..., Any])
_WAITS = "pfnb_waits"
DATA = "data"
"""The parameter whose bytes follow the frame's header."""


def waits(method: F) -> F:
    """Mark a call that waits for something to happen. It ends with its connection."""
    setattr(method, _WAITS, True)
    return method


class KernelPort(HubPort, Protocol):
    """The hub as a kernel sees it."""

    @repeatable
    async def register_listener(
        self,
        name: str,
        pattern: str,
        source: str = "",
        replace: bool = False,
        resume: bool = False,
        concurrency: int = 1,
        shared: bool = False,
        strict: bool = False,
        retry: Mapping[str, Any] | None = None,
        all_notebooks: bool = False,
        gathering: Mapping[str, Any] | None = None,
    ) -> Registered:
        """Listen under this name for events whose key matches the pattern. Raises NameTakenError unless it may `replace` or
        `resume` the existing listener."""
        ...

    async def unregister_listener(self, name: str) -> None:
        """Stop listening, or delete the stored pipeline at that path."""
        ...

    @repeatable
    async def list_listeners(self) -> list[ListenerRow]:
        """This owner's listeners."""
        ...

    @repeatable
    @waits
    async def next_event(
        self, key: str, since: int | None = None, exclude: Sequence[str] | None = None, seconds: float = 10.0
    ) -> ReadEvent:
        """The oldest event of this key whose sequence number is above `since` and whose id is not in `exclude`, once its
        deliveries to this notebook have ended. Raises WaitTimeoutError after `seconds`."""
        ...

    @repeatable
    async def list_events(
        self,
        filter: Filter | None = None,  # noqa: A002  # the protocol's name
        before: int | None = None,
        limit: int = 100,
    ) -> EventPage:
        """Events, newest first. `next` is the `before` of the next page, None at the end; only the first page has a `total`, None
        for a text search.

        A page of a text search may be short or empty although more follows at `next`.
        """
        ...

    @repeatable
    @waits
    async def watch_events(
        self,
        cursor: int | None = None,
        filter: Filter | None = None,  # noqa: A002  # the protocol's name
        timeout: float = 25.0,  # noqa: ASYNC109
        refused: int | None = None,
    ) -> WatchedEvents:
        """Wait until events came or deliveries changed after `cursor`: `events` are their rows, newest first, whatever `status`
        the filter asks for, and `cursor` the next call's. Without a cursor it returns the current one at once. `lost`: too much
        changed, or it is another hub now; list again. The answer's `refused` counts refused requests; the call returns at once if
        it differs from the argument `refused`."""
        ...

    @repeatable
    async def list_refused(self, filter: Filter | None = None) -> list[RefusedOfWebhook]:  # noqa: A002
        """Refused requests, by webhook."""
        ...

    @repeatable
    async def read_event(self, id: str, body: bool = True) -> ReadEvent:  # noqa: A002
        """An event, with or without its `body`. Raises NotFoundError."""
        ...

    @repeatable
    async def read_event_content(self, id: str, offset: int = 0, size: int | None = None) -> bytes:  # noqa: A002
        """The bytes of an event's body, or of its n-th file, whose id is `<id of the event>.<n>`. Raises NotFoundError."""
        ...

    async def replay_event(self, id: str, listener: str | None = None) -> Replayed:  # noqa: A002
        """Deliver it again, to all current listeners or to the one named."""
        ...

    @repeatable
    async def finish_deliveries(self, ends: Sequence[Mapping[str, Any]]) -> list[ErrorRow | None]:
        """Report the ends of up to 1,000 runs, each with the `delivery` and its `lease`, its `status` (`succeeded` or `failed`),
        `value`, `response`, `error` and `steps`, and whether the filter `skipped` it. Returns for each end None once it is
        stored, or the error because of which it is not: AccessDeniedError if the delivery has been handed to another worker
        meanwhile."""
        ...


@dataclass(frozen=True, slots=True)
class Declared:
    """One call. `is_repeatable`: safe to send again when the first may have arrived. `is_bytes`: the result is bytes.
    `takes_bytes`: its parameter `data` is bytes sent with the call."""

    name: str
    signature: inspect.Signature
    documentation: str
    is_repeatable: bool
    waits: bool

    @property
    def is_bytes(self) -> bool:
        return self.signature.return_annotation in (bytes, "bytes")

    @property
    def takes_bytes(self) -> bool:
        return DATA in self.signature.parameters


def _declared(port: type) -> dict[str, Declared]:
    calls = {name: method for name, method in vars(port).items() if inspect.iscoroutinefunction(method)}
    return {
        name: Declared(
            name,
            inspect.signature(method),
            inspect.getdoc(method) or "",
            is_repeatable(method),
            getattr(method, _WAITS, False),
        )
        for name, method in calls.items()
    }


OF_COMMANDS = _declared(HubPort)
"""Calls of every session, on behalf of the user that a run acts as."""
OF_KERNELS = _declared(KernelPort)
"""Calls of kernels' sessions only, on behalf of their owner."""
CALLS = {**OF_COMMANDS, **OF_KERNELS}
ONCE = frozenset(name for name, call in CALLS.items() if not call.is_repeatable)
