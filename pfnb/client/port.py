"""The hub as commands and magics of a notebook see it: the language's `HubPort`, over a session."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from typing import Any, Protocol, cast

from pfnb.client.way import of_the_way
from pfnb.exceptions import HubUnreachableError, StoreBusyError
from pfnb.http.protocol import CALLS, DATA, Declared, KernelPort
from pfnb.http.wire import AS_USER
from pfnb.language.port import User

NO_HUB = "there is no hub here yet: run %load_ext pfnb first"


class Caller(Protocol):
    """The part of a session that a port needs."""

    async def call(self, method: str, arguments: Mapping[str, Any], body: bytes = b"", /) -> Any: ...


class Patient:
    """A session for steps of runs. It repeats a call that the hub's disk refused (so it was not done) until it succeeds, so
    that earlier steps need not run twice."""

    def __init__(self, session: Caller) -> None:
        self._session = session

    async def call(self, method: str, arguments: Mapping[str, Any], body: bytes = b"", /) -> Any:
        while True:
            try:
                return await self._session.call(method, arguments, body)
            except StoreBusyError as error:
                await _pause(error)


async def _pause(busy: StoreBusyError) -> None:
    try:
        await asyncio.sleep(busy.retry_after)
    except asyncio.CancelledError as error:
        raise error from of_the_way(busy)


class Naming:
    """A session whose calls all carry one more argument, which says for whom they are made: `AS_USER` a user other than the
    notebook's, `OWNER` the owner of a worker's pipelines, `RUN` a run that a caller requested. The hub checks it. Of two that
    name the same argument, the outer one counts."""

    def __init__(self, session: Caller, argument: str, value: str | int) -> None:
        self._session = session
        self._named = {argument: value}

    async def call(self, method: str, arguments: Mapping[str, Any], body: bytes = b"", /) -> Any:
        return await self._session.call(method, {**self._named, **arguments}, body)


class SessionPort:
    """Has a method for each call that `http/protocol` declares: see `session_port`."""

    def __init__(self, session: Caller) -> None:
        self._session = session

    def as_user(self, user: User) -> KernelPort:
        return session_port(Naming(self._session, AS_USER, user.name))


def session_port(session: Caller) -> KernelPort:
    """The hub's calls as methods, sent over a session."""
    return cast(KernelPort, SessionPort(session))


def _sends(call: Declared) -> Callable[..., Awaitable[Any]]:
    defaults, takes_bytes = call.signature.parameters, call.takes_bytes

    async def method(self: SessionPort, *values: Any, **named: Any) -> Any:
        given = call.signature.bind(self, *values, **named).arguments
        arguments = {
            name: _plain(value)
            for name, value in given.items()
            if name not in ("self", DATA) and value is not defaults[name].default
        }
        if takes_bytes:
            return await self._session.call(call.name, arguments, given[DATA])
        return await self._session.call(call.name, arguments)

    method.__name__, method.__doc__ = call.name, call.documentation
    return method


def _plain(value: Any) -> Any:
    """The value in JSON's types."""
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, Sequence | Set) and not isinstance(value, str) else value


for _call in CALLS.values():
    setattr(SessionPort, _call.name, _sends(_call))


class NoSession:
    """A placeholder before `%load_ext pfnb`: a call raises HubUnreachableError; pipelines that need no hub run."""

    async def call(self, *_call: object) -> Any:
        raise HubUnreachableError(NO_HUB)
