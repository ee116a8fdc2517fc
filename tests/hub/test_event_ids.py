"""Ids of events are valid and grow with time."""

from __future__ import annotations

import uuid
from random import Random

from pfnb.hub.records.event import new_correlation_id, new_event_id, new_trace_id


def test_event_ids_are_version_7_uuids_that_sort_by_time() -> None:
    source = Random(1)
    ids = [new_event_id(created, source) for created in (1_700_000_000_000, 1_700_000_000_001, 1_795_000_000_000)]
    assert ids == sorted(ids)
    for one in ids:
        parsed = uuid.UUID(one)
        assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
    assert len({new_event_id(1, source) for _ in range(1000)}) == 1000


def test_correlation_ids_are_version_4_uuids() -> None:
    assert uuid.UUID(new_correlation_id(Random(1))).version == 4


def test_a_trace_id_shows_the_end_of_the_webhook_alone() -> None:
    trace = new_trace_id("0b0c6a8e-6d6b-4f1e-9d5e-5b8f3f6936bd", Random(1))
    assert (trace[:7], len(trace)) == ("6936bd:", 14)
    assert len(new_trace_id(None, Random(1))) == 14
