"""Both stores find the same events."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pfnb.exceptions import NotFoundError
from pfnb.hub.receiving.request import Body, FilePart
from pfnb.hub.records.query import EventFilter, EventQuery
from pfnb.hub.stores import search
from pfnb.hub.stores.store import Store
from tests.hub.conftest import HOOK, event, small

OTHER_HOOK = "1b0c6a8e-6d6b-4f1e-9d5e-5b8f3f6936bd"


def asked(owner: str = "ada", running: frozenset[int] = frozenset(), **words: Any) -> EventQuery:
    return EventQuery(owner, EventFilter(**words), running)


async def ids(store: Store, query: EventQuery, limit: int = 100) -> list[str]:
    return [one.id for one in (await store.events.find(query, None, limit)).events]


async def test_pages_come_newest_first_and_say_where_the_next_begins(store: Store) -> None:
    for number in range(1, 6):
        await store.events.add(event(number), small(), [])
    first = await store.events.find(asked(), None, 2)
    assert ([one.id for one in first.events], first.next) == (["e5", "e4"], 4)
    second = await store.events.find(asked(), first.next, 2)
    last = await store.events.find(asked(), second.next, 2)
    assert ([one.id for one in last.events], last.next) == (["e1"], None)
    assert await store.events.count(asked()) == 5


async def test_every_filter_narrows_and_the_count_with_it(store: Store) -> None:
    await store.events.add(event(1), small(), [])
    await store.events.add(event(2, event_key="order.paid.late"), small(), [])
    await store.events.add(event(3, webhook=OTHER_HOOK), small(), [])
    await store.events.add(event(4, webhook=None, event_key="lead.created"), small(), [])
    expected = {
        ("key", "order.placed"): ["e3", "e1"],
        ("key", "order.#"): ["e3", "e2", "e1"],
        ("key", "*.*"): ["e4", "e3", "e1"],
        ("key", "nobody.*"): [],
        ("webhook", HOOK.uuid): ["e2", "e1"],
        ("since", 1003): ["e4", "e3"],
        ("until", 1003): ["e2", "e1"],
    }
    for (name, value), found in expected.items():
        query = asked(**{name: value})
        assert await ids(store, query) == found, (name, value)
        assert await store.events.count(query) == len(found), (name, value)
    assert await ids(store, asked(key="order.*", webhook=OTHER_HOOK, since=1003, until=1004)) == ["e3"]
    assert await ids(store, replace(asked(key="order.#"), seqs=(1, 4))) == ["e1"]


async def test_events_of_others_are_not_found(store: Store) -> None:
    await store.events.add(event(1), small(), ["lead"])
    await store.events.add(event(2, owner="eve"), small(), ["lead"])
    assert await ids(store, asked()) == ["e1"]
    assert await ids(store, asked(owner="eve", key="order.*", text="hello")) == ["e2"]
    assert await store.events.count(asked()) == 1
    assert [one.id for _, one in await store.deliveries.runs("lead", "ada", None, 10)] == ["e1"]


async def test_a_status_is_that_of_any_delivery_and_running_ones_are_not_pending(store: Store) -> None:
    (first, _), (second,), (third,) = [
        (await store.events.add(event(number), small(), listeners)).deliveries
        for number, listeners in ((1, ["lead", "audit"]), (2, ["lead"]), (3, ["lead"]))
    ]
    await store.deliveries.finish(first.id, "failed", {"statusMessage": "no"}, [])
    await store.deliveries.finish(second.id, "succeeded", None, [])
    running = frozenset({third.id})
    expected = {"failed": ["e1"], "succeeded": ["e2"], "pending": ["e1"], "running": ["e3"], "dead": []}
    assert {status: await ids(store, asked(running=running, status=status)) for status in expected} == expected
    narrow = {"running": running, "key": "order.*", "webhook": HOOK.uuid}
    assert {status: await ids(store, asked(**narrow, status=status)) for status in expected} == expected
    assert await store.events.count(asked(**narrow, status="failed")) == 1


async def test_a_status_counts_for_the_owner_of_the_event_whoever_that_was_before(store: Store) -> None:
    given = [
        await store.events.add(event(1), small(), ["lead", "audit"]),
        await store.events.add(event(2), small(), []),
    ]
    given.append(await store.events.add(event(3, owner="eve"), small(), ["lead"]))
    ended = [
        one.id for one in (*given[0].deliveries, *given[2].deliveries, *await store.deliveries.add("e2", ["lead"]))
    ]
    for number in ended:
        await store.deliveries.finish(number, "succeeded", None, [])
    for owner, found in {"ada": ["e2", "e1"], "eve": ["e3"], "bob": []}.items():
        for query in (asked(owner, status="succeeded"), asked(owner, status="succeeded", since=1)):
            assert await ids(store, query) == found
            assert await store.events.count(query) == len(found)
    await store.registry.change_owner("ada", "bob")
    assert await ids(store, asked("bob", status="succeeded")) == ["e2", "e1"]
    assert await store.events.count(asked("bob", status="succeeded")) == 2
    assert await store.events.count(asked(status="succeeded")) == 0


@pytest.mark.parametrize(
    "text",
    ["PLACED", "e1", "6936BD:ABC", "text/plain", "x-note: grüße", "Tokyo", "ADA@", "invoice.PDF", "größe", "ünïcode"],
)
async def test_a_text_is_found_wherever_a_person_would_read_it(store: Store, text: str) -> None:
    given = event(
        1,
        headers={"content-type": "text/plain", "x-note": "Grüße"},
        query={"city": ["Oslo", "Tokyo"]},
        fields={"mail": ["ada@example.org"]},
        files=(FilePart("file", "Invoice.pdf", "application/pdf", 0, 1, "ab" * 32),),
    )
    await store.events.add(given, small('{"Größe": "\\u00fcn\\u00efcode"}'.encode()), [])
    await store.events.add(event(2, event_key="b", trace_id="t", headers={}, content_type=""), small(b"\xff\x00"), [])
    assert await ids(store, asked(text=text)) == ["e1"]


ODD = (
    (b"plain Kelvin", {}),
    ("\u212aelvin Stra\u00dfe \ufb01n".encode(), {}),
    ("Stra\u00dfe".encode("latin-1"), {}),
    ("needle".encode("utf-16-le"), {"content_type": "text/plain; charset=utf-16le"}),
    ("\ufeffneedle".encode("utf-16"), {}),
    ("\ufeffneedle".encode(), {"content_type": "application/json; charset=utf-8"}),
    (b"needle" + b"n" * 20_000, {}),
    (b'{"a": "\\u006eeedle\\n", "b":"c"}', {}),
    (b"\xff\xfe\x00Needle\xdf", {"content_type": "image/png"}),
    (b"", {"headers": {"x-quoted": '"Need\\le"', "x-note": 'a":"b'}}),
    (b"", {"headers": {"x-note": "Grüße: needle"}, "query": {"a b": ["c", "d"]}}),
    (b"", {"correlation_id": "\\u006eeedle", "trace_id": "a\nb"}),
)
SOUGHT = [
    "kelvin",
    "strasse",
    "fin",
    "needle",
    "NEEDLE\\n",
    "\u00df",
    '"need\\le"',
    "x-note: a",
    'a":"b',
    "\\u006e",
    "e: needle",
]
SOUGHT += ["a b", "c, d", "\n", "\0", "a\nb", '"b": c', "b: c", "order.placed", "\ufeff", "s", "plain"]


async def test_an_emoji_is_found_however_json_writes_it(store: Store) -> None:
    bodies = ['"\\ud83d\\ude00"', '"\\u0061\\uD83D\\uDE00b"', '"\U0001f600"', '"\\ud83d"', '"\\ude00\\ud83d"']
    for number, body in enumerate(bodies):
        await store.events.add(event(number), small(body.encode()), [])
    assert await ids(store, asked(text="\U0001f600")) == ["e2", "e1", "e0"]


@pytest.mark.parametrize("text", SOUGHT)
async def test_a_search_over_many_finds_what_a_look_at_each_finds(store: Store, text: str) -> None:
    given = [(event(number, **changes), small(body)) for number, (body, changes) in enumerate(ODD)]
    given += [(event(number, event_key="x.y"), small(b"{}")) for number in range(100, 350)]
    for one, body in given:
        await store.events.add(replace(one, size=body.size), body, [])
    looked_at = search.search([(0, 0, pair) for pair in reversed(given)], text, 500).events
    assert await ids(store, asked(text=text), 500) == [one.id for one in looked_at]


async def test_a_search_ends_after_so_many_events_and_goes_on_from_there(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MAX_EVENTS", 300)
    await store.events.add(event(0), small(b"needle"), [])
    for number in range(1, 501):
        await store.events.add(event(number), small(), [])
    first = await store.events.find(asked(text="needle"), None, 10)
    assert (first.events, first.next) == ([], 202)
    second = await store.events.find(asked(text="needle"), first.next, 10)
    assert ([one.id for one in second.events], second.next) == (["e0"], None)


async def test_a_search_reads_bodies_in_files_too_and_no_more_than_so_many_bytes(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = tmp_path / "bodies"
    bodies.mkdir(exist_ok=True)
    for number in range(3):
        (bodies / f"large{number}").write_bytes(b"needle")
        await store.events.add(event(number, size=6), Body(6, None, bodies / f"large{number}"), [])
    (bodies / "large2").unlink()
    assert await ids(store, asked(text="needle")) == ["e1", "e0"]
    monkeypatch.setattr(search, "MAX_BYTES", 10)
    page = await store.events.find(asked(text="needle"), None, 10)
    assert ([one.id for one in page.events], page.next) == (["e1"], 2)


async def test_a_delivery_added_later_is_pending_behind_those_before(store: Store) -> None:
    (first,) = (await store.events.add(event(1), small(), ["lead"])).deliveries
    (second, third) = await store.deliveries.add("e1", ["lead", "audit"])
    assert [delivery for delivery, _ in await store.deliveries.pending("lead", 0, 10)] == [first, second]
    assert await store.deliveries.of_events(["e1"]) == {"e1": [first, second, third]}
    with pytest.raises(NotFoundError, match="no event e2"):
        await store.deliveries.add("e2", ["lead"])


async def test_runs_come_newest_first_and_keep_their_steps(store: Store) -> None:
    deliveries = [(await store.events.add(event(number), small(), ["lead"])).deliveries[0] for number in range(3)]
    await store.deliveries.finish(deliveries[1].id, "succeeded", None, [{"number": 1, "command": "log"}])
    assert [one.id for _, one in await store.deliveries.runs("lead", "ada", None, 2)] == ["e2", "e1"]
    assert [one.id for _, one in await store.deliveries.runs("lead", "ada", deliveries[1].id, 2)] == ["e0"]
    assert await store.deliveries.steps(deliveries[1].id) == [{"number": 1, "command": "log"}]
    assert await store.deliveries.steps(deliveries[2].id) == []
