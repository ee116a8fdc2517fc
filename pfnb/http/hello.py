"""The first frame of a session: who connects, and since when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pfnb.exceptions import RequestError
from pfnb.http.wire import PROTOCOL

MAX_SESSION = 100
MAX_NOTEBOOK = 2_000
"""Most characters of a session's id, and of a notebook's path."""
_MOST = 2**63


@dataclass(frozen=True, slots=True)
class Hello:
    """`since` is the `seq` of the newest event when the session first began; None if it begins now. `ahead`:
    it buffers deliveries before their turn, and runs each listener's in the sequence of arrival."""

    session: str
    notebook: str | None
    since: int | None
    ahead: bool


def hello_of(head: Mapping[str, Any]) -> Hello:
    """Parse the frame. RequestError for another protocol, or a field of the wrong type or size."""
    if head.get("type") != "hello" or head.get("protocol") != PROTOCOL:
        raise RequestError(
            f"a session must begin with hello, protocol {PROTOCOL}: use the same version of pfnb as the hub"
        )
    session, notebook, since = head.get("session"), head.get("notebook"), head.get("since")
    if not isinstance(session, str) or not 1 <= len(session) <= MAX_SESSION:
        raise RequestError(f"hello: session must be a text of 1 to {MAX_SESSION} characters")
    if not isinstance(notebook, str | None) or len(notebook or "") > MAX_NOTEBOOK:
        raise RequestError(f"hello: notebook must be a text of at most {MAX_NOTEBOOK:,} characters, or null")
    if since is not None and (type(since) is not int or not 0 <= since < _MOST):
        raise RequestError("hello: since must be the number of an event, or null")
    return Hello(session, notebook, since, head.get("ahead") is True)
