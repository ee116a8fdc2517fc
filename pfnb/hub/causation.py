"""What led to an event: the keys of the events before it, each sent by a run for the one before. Stops pipelines that send
what they listen for in an endless loop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import groupby

from pfnb.exceptions import RunLimitError
from pfnb.hub.records.event import Event

MAX_CHAIN = 32
"""How many events may have led to one."""
HOPS = "pfnb-hops"
"""The header in which an endpoint's message says how many events led to it: the endpoint may be a webhook of this hub."""
_ELSEWHERE = "elsewhere"
"""Stands for the key of an event whose key the message does not tell."""
_chain: ContextVar[tuple[str, ...]] = ContextVar("pfnb_chain", default=())


@contextmanager
def caused_by(event: Event | None) -> Iterator[None]:
    """Events sent within this context are caused by this event."""
    before = _chain.set(() if event is None else (*event.causation, event.event_key))
    try:
        yield
    finally:
        _chain.reset(before)


def chain_to(key: str) -> tuple[str, ...]:
    """The keys that led to an event of this key, sent now. RunLimitError if there are too many."""
    chain = _chain.get()
    if len(chain) > MAX_CHAIN:
        raise RunLimitError(
            f"{key} was not sent: {len(chain)} events led to it, each sent by a run for the previous one, and at most "
            f"{MAX_CHAIN} are allowed. Change the key that one of these pipelines sends, or let a filter exclude its own "
            f"events: {_shown(chain)} → {key}"
        )
    return chain


def hops_after(event: Event, place: str) -> int:
    """How many events led to a message with this event. RunLimitError if they are too many."""
    hops = len(event.causation) + 1
    if hops > MAX_CHAIN:
        raise RunLimitError(
            f"{event.event_key} was not sent to {place}: {hops} events led to it, each caused by the previous one, and at most "
            f"{MAX_CHAIN} are allowed. Let the endpoint have a key that does not match what it causes: "
            f"{_shown((*event.causation, event.event_key))}"
        )
    return hops


def chain_of(headers: Mapping[str, str]) -> tuple[str, ...]:
    """What led to a received request, as far as it says so."""
    hops = headers.get(HOPS, "")
    return (_ELSEWHERE,) * min(int(hops), MAX_CHAIN) if hops.isascii() and hops.isdecimal() and len(hops) < 4 else ()


def _shown(chain: tuple[str, ...]) -> str:
    parts = ((key, len(list(same))) for key, same in groupby(chain))
    return " → ".join(key if times == 1 else f"{key} ({times} times)" for key, times in parts)
