"""Queries for events, in SQL: answered from one index that covers every filter, and only then from the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa

from pfnb.exceptions import ParameterError
from pfnb.hub.receiving.request import Body
from pfnb.hub.records.query import EventQuery
from pfnb.hub.stores.search import Candidate, search
from pfnb.hub.stores.sql import rows
from pfnb.hub.stores.sql.schema import deliveries, events
from pfnb.hub.stores.sql.skimming import SKIMMED, may_contain
from pfnb.hub.stores.store import Found
from pfnb.language.topics import WORD, WORDS, topic_matches

MAX_KEYS = 10_000
BATCH = 200
NEWEST = 2**63 - 1

ToBody = Callable[[sa.Row[*tuple[Any, ...]]], Body]


def find(connection: sa.Connection, query: EventQuery, before: int | None, limit: int, to_body: ToBody) -> Found:
    """A page of events, newest first, below the seq `before`."""
    seqs = _of_status(query) if _is_of_status(query) else _seqs(connection, query)
    if query.filter.text:
        candidates = _candidates(connection, seqs, before, limit, query.filter.text, to_body)
        return search(candidates, query.filter.text, limit)
    page = [rows.to_event(row) for row in connection.execute(_page(seqs, before, limit, rows.EVENT_COLUMNS))]
    return Found(page, page[-1].seq if len(page) == limit else None)


def count(connection: sa.Connection, query: EventQuery) -> int:
    """The number of events that match, ignoring the query's text."""
    if _is_of_status(query) and query.filter.since is query.filter.until is None:
        of_status = sa.select(sa.func.count(deliveries.c.event_seq.distinct())).where(*_status(query))
        return connection.scalar(of_status) or 0
    counted = sa.select(sa.func.count()).select_from(_seqs(connection, query).subquery())
    return connection.scalar(counted) or 0


def _candidates(
    connection: sa.Connection, seqs: sa.Select[Any], before: int | None, limit: int, text: str, to_body: ToBody
) -> Iterator[Candidate]:
    batches = _page(seqs, sa.bindparam("before"), sa.bindparam("most"), SKIMMED)
    place = {"before": NEWEST if before is None else before, "most": min(limit, BATCH)}
    while batch := connection.execute(batches, place).all():
        possible = sa.select(events).where(events.c.seq.in_(may_contain(batch, text.casefold())))
        searched = {row.seq: (rows.to_event(row), to_body(row)) for row in connection.execute(possible)}
        yield from ((seq, size, searched.get(seq)) for seq, size, *_ in batch)
        place = {"before": batch[-1].seq, "most": BATCH}


def _page(
    seqs: sa.Select[Any],
    before: int | sa.BindParameter[int] | None,
    limit: int | sa.BindParameter[int],
    columns: tuple[sa.ColumnElement[Any], ...],
) -> sa.Select[Any]:
    (seq,) = seqs.selected_columns
    if before is not None:
        seqs = seqs.where(seq < before)
    chosen = seqs.order_by(seq.desc()).limit(limit)
    return sa.select(*columns).where(events.c.seq.in_(chosen)).order_by(events.c.seq.desc())


def _is_of_status(query: EventQuery) -> bool:
    """Whether the query filters by little more than a status, for which an index has the deliveries sorted by event."""
    asked = query.filter
    return asked.status not in (None, "running") and asked.key is asked.webhook is None and query.seqs is None


def _of_status(query: EventQuery) -> sa.Select[Any]:
    """The events of `_seqs`, found one by one from that index: a page takes no longer among a million events."""
    seqs = _with_status(query).group_by(deliveries.c.event_seq)
    times = tuple(_times(query))
    return seqs.join_from(deliveries, events).where(*times) if times else seqs


def _times(query: EventQuery) -> Iterator[sa.ColumnElement[bool]]:
    if query.filter.since is not None:
        yield events.c.created >= query.filter.since
    if query.filter.until is not None:
        yield events.c.created < query.filter.until


def _seqs(connection: sa.Connection, query: EventQuery) -> sa.Select[Any]:
    asked = query.filter
    seqs = sa.select(events.c.seq).where(events.c.owner == query.owner, *_times(query))
    if query.seqs is not None:
        seqs = seqs.where(events.c.seq.in_(query.seqs))
    if asked.key is not None:
        seqs = seqs.where(events.c.event_key.in_(_keys(connection, query.owner, asked.key)))
    if asked.webhook is not None:
        seqs = seqs.where(events.c.webhook == asked.webhook)
    if asked.status is not None:
        with_status = _with_status(query)
        if asked.key is not None or asked.webhook is not None:  # few events are left to check
            seqs = seqs.where(with_status.where(deliveries.c.event_seq == events.c.seq).exists())
        else:
            seqs = seqs.where(events.c.seq.in_(with_status))
    return seqs


def _keys(connection: sa.Connection, owner: str, pattern: str) -> list[str]:
    """The keys that match a pattern. SQL does not know topics, and there are far fewer keys than events."""
    if not {WORD, WORDS} & set(pattern.split(".")):
        return [pattern]
    every = connection.scalars(sa.select(events.c.event_key).where(events.c.owner == owner).distinct())
    keys = [key for key in every if topic_matches(pattern, key)]
    if len(keys) > MAX_KEYS:
        raise ParameterError(f"{pattern} means more than {MAX_KEYS} event keys: ask for fewer")
    return keys


def _with_status(query: EventQuery) -> sa.Select[Any]:
    return sa.select(deliveries.c.event_seq).where(*_status(query))


def _status(query: EventQuery) -> Iterator[sa.ColumnElement[bool]]:
    """The condition that deliveries of the owner's events have the requested status. Running ones are pending in the store."""
    yield deliveries.c.owner == query.owner
    if query.filter.status == "running":
        yield deliveries.c.id.in_(query.running)
        return
    yield deliveries.c.status == query.filter.status
    if query.filter.status == "pending":
        yield deliveries.c.id.not_in(query.running)
