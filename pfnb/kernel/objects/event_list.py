"""The events of a hub as a list that reads its pages on demand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast, overload

from pfnb.client.event import Event
from pfnb.kernel.notebook import Notebook
from pfnb.rows.event import EventPage, Filter

if TYPE_CHECKING:
    from pandas import DataFrame

_PAGE = 100
Moment = datetime | timedelta | int
"""A time, how long ago, or milliseconds since the epoch. A time without a zone is local."""


class EventList(Sequence[Event]):
    """Events, newest first. `filter` is that of `list_events`; `limit` is the most events to list, None for all."""

    def __init__(self, notebook: Notebook, filter: Filter, limit: int | None) -> None:  # noqa: A002
        __tracebackhide__ = True
        self._notebook = notebook
        self._filter = filter
        self._limit = limit
        self._events: list[Event] = []
        self._next: int | None = None
        self._total: int | None = None
        self._is_complete = False
        self._read_page()

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Event, ...]: ...
    def __getitem__(self, index: int | slice) -> Event | tuple[Event, ...]:
        __tracebackhide__ = True
        if isinstance(index, slice):
            self._read_to(index.stop if _from_the_start(index) else None)
            return tuple(self._events[index])
        self._read_to(index + 1 if index >= 0 else None)
        return self._events[index]

    def __iter__(self) -> Iterator[Event]:
        __tracebackhide__ = True
        place = 0
        while True:
            self._read_to(place + 1)
            if place >= len(self._events):
                return
            yield self._events[place]
            place += 1

    def __len__(self) -> int:
        if self._total is None:
            self._read_to(None)
            return len(self._events)
        return self._total if self._limit is None else min(self._total, self._limit)

    def __repr__(self) -> str:
        return f"<{self._total if self._total is not None else 'some'} events>"

    def _repr_mimebundle_(self, **_selection: object) -> dict[str, str]:
        from pfnb.display import events_bundle
        from pfnb.display.events import ROWS

        self._read_to(ROWS)
        entries = [event.entry for event in self._events[:ROWS]]
        if self._total is not None:
            return events_bundle(entries, total=len(self))
        return events_bundle(entries, title=None if self._is_complete else "The newest events")

    def to_pandas(self) -> DataFrame:
        """A table of all of them: id, created, key, method, content_type, size, status, files, trace_id. Bodies are not read:
        `event.to_pandas()` makes a table of one. MissingPackageError without pandas."""
        from pfnb.client.frames import rows_frame

        return rows_frame(event.entry for event in self)

    def _read_to(self, number: int | None) -> None:
        __tracebackhide__ = True
        while not self._is_complete and (number is None or len(self._events) < number):
            self._read_page()

    def _read_page(self) -> None:
        __tracebackhide__ = True
        page = self._notebook.run_sync(_page(self._notebook, self._filter, self._next, self._left()))
        if self._next is None:
            self._total = page["total"]
        self._events += [Event(row, None, self._notebook.contents) for row in page["events"]]
        self._next = page["next"]
        self._is_complete = self._next is None or self._left() == 0

    def _left(self) -> int:
        return _PAGE if self._limit is None else min(_PAGE, self._limit - len(self._events))


def _from_the_start(part: slice) -> bool:
    """Whether the slice needs only the events before its stop."""
    return (part.start or 0) >= 0 and (part.step or 1) > 0 and part.stop is not None and part.stop >= 0


async def each_event(notebook: Notebook, filter: Filter, limit: int | None) -> AsyncIterator[Event]:  # noqa: A002
    """The same as an async iterator, on any loop."""
    before, left = None, limit
    while left is None or left > 0:
        size = _PAGE if left is None else min(_PAGE, left)
        page = await notebook.door.run(_page(notebook, filter, before, size))
        for row in page["events"]:
            yield Event(row, None, notebook.contents)
        before = page["next"]
        if before is None:
            return
        left = None if left is None else left - len(page["events"])


async def _page(notebook: Notebook, filter: Filter, before: int | None, limit: int) -> EventPage:  # noqa: A002
    return await notebook.hub.list_events(filter, before, limit)


def event_filter(*, since: Moment | None, until: Moment | None, **words: str | None) -> Filter:
    """The filter as `list_events` takes it."""
    asked: dict[str, Any] = {name: word for name, word in words.items() if word is not None}
    for name, moment in (("since", since), ("until", until)):
        if moment is not None:
            asked[name] = _milliseconds(moment)
    return cast(Filter, asked)


def _milliseconds(moment: Moment) -> int:
    if isinstance(moment, timedelta):
        moment = datetime.now(UTC) - moment
    return int(moment.timestamp() * 1000) if isinstance(moment, datetime) else moment
