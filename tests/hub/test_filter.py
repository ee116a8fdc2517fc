"""A webhook's filter decides which requests become events."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from pfnb import commands, functions
from pfnb.exceptions import ParameterError
from pfnb.hub.access import HubAccess
from pfnb.hub.hub import Hub, Receipt
from pfnb.hub.records.query import EventFilter
from pfnb.language.port import User
from pfnb.language.reading.parser import parse_pipeline
from pfnb.language.running.runner import Runner
from tests.hub.conftest import UUID, request
from tests.hub.test_repeat_by import ADA, received

UNKNOWN = "99999999-6d6b-4f1e-9d5e-5b8f3f999999"


def access(hub: Hub) -> HubAccess:
    return HubAccess(hub, User("ada", ADA.roles), "https://hub.example.org/pfnb")


async def put(hub: Hub, condition: str, **more: Any) -> None:
    await access(hub).put_webhook({"uuid": UUID, "filter": condition, **more})


async def sent(hub: Hub, payload: Any, uuid: str = UUID) -> Receipt:
    return await hub.receive(request(json.dumps(payload).encode(), uuid=uuid))


async def stored(hub: Hub) -> int:
    return (await hub.history.page("ada", EventFilter(), None, 100))["total"] or 0


async def warning(hub: Hub) -> str:
    await asyncio.sleep(0)
    (row,) = await access(hub).get_webhooks(uuid=UUID)
    return row.get("warning", "")


async def test_only_what_the_filter_accepts_is_stored_and_the_owner_sees_the_rest(hub: Hub) -> None:
    await put(hub, "#{body.payload.action == 'opened'}")
    assert (await sent(hub, {"action": "opened"})).event_id
    noted = hub.refusals.next()
    assert (await sent(hub, {"action": "closed"})).event_id == ""
    await noted
    (row,) = hub.refusals.rows(UUID)
    assert (row["statusCode"], row["count"]) == (403, 1)
    assert row["reason"] == "The filter \"#{body.payload.action == 'opened'}\" is false for it (filter)."
    assert await stored(hub) == 1
    assert await warning(hub) == ""
    await put(hub, "none")
    assert (await sent(hub, {"action": "closed"})).event_id


@pytest.mark.parametrize("payload_type", ["base64", "raw", "outbound", "ignore"])
async def test_the_filter_reads_the_payload_whatever_pipelines_get(hub: Hub, payload_type: str) -> None:
    await put(
        hub, "body.payload.total > 100 and body.headers['content-type'] == 'application/json'", payloadType=payload_type
    )
    assert [(await sent(hub, {"total": total})).event_id != "" for total in (100, 101)] == [False, True]


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ("#{body.payload.action == 'opened'}", "action"),
        ("#{body.payload}", "true or false"),
        ("#{body.payload.text.matches('(a|aa)+$')}", "make it simpler"),
        ("#{@content.load(body.payload.text)}", "needs a run"),
    ],
)
async def test_a_filter_that_fails_loses_no_event_and_warns_the_owner(hub: Hub, condition: str, reason: str) -> None:
    await put(hub, condition)
    assert (await sent(hub, {"text": "a" * 60 + "b"})).event_id
    said = await warning(hub)
    assert "was stored although the filter has no value for it" in said
    assert reason in said
    await put(hub, "true")
    assert await warning(hub) == ""


async def test_a_body_too_long_to_parse_for_strangers_is_stored(hub: Hub) -> None:
    await put(hub, "#{body.payload.total > 100}")
    assert (await sent(hub, {"total": 1, "text": "x" * 600_000})).event_id
    assert "512kB" in await warning(hub)


async def test_a_filter_that_needs_no_payload_decides_about_long_bodies_in_files(hub: Hub) -> None:
    await put(hub, "#{body.query['a'] == 'b'}")
    hub.settings.bodies.mkdir(exist_ok=True)
    long = received(json.dumps(["x" * 700_000]).encode(), hub.settings.bodies, UUID)
    assert long.body.path is not None
    assert (await hub.receive(long)).event_id == ""
    await asyncio.sleep(0)
    await hub.tasks.close()
    assert not long.body.path.exists()


async def test_others_are_answered_while_a_hostile_payload_keeps_the_filter_busy(hub: Hub) -> None:
    await put(hub, "#{body.payload.![@hash.sha512(#root.body.payload)].size() > 0}")
    slow = asyncio.create_task(sent(hub, list(range(3_000))))
    for _ in range(3):
        await sent(hub, {}, uuid=UNKNOWN)
    assert not slow.done()
    assert (await slow).event_id


async def test_a_filter_that_changes_the_event_is_refused(hub: Hub) -> None:
    for condition in ("body.payload.total = 3", "#{body.payload.remove('total')}"):
        with pytest.raises(ParameterError, match=r"filter: .* changes the event: compare with =="):
            await put(hub, condition)
    await put(hub, "body.payload.total == 3")


async def test_what_a_sender_writes_is_never_evaluated(hub: Hub) -> None:
    await put(hub, "#{body.payload.text == 'x'}")
    assert (await sent(hub, {"text": "#{1 == 1}"})).event_id == ""
    assert (await sent(hub, {"text": "' or true or '"})).event_id == ""


async def test_events_that_the_filter_refuses_take_no_token(hub: Hub) -> None:
    await put(hub, "#{body.payload.keep}", rate="1/h")
    for _ in range(3):
        assert (await sent(hub, {"keep": False})).event_id == ""
    assert (await sent(hub, {"keep": True})).event_id


async def test_a_pipeline_hands_the_filter_on_as_it_is_written(hub: Hub) -> None:
    text = f"pipeline:\n  - webhook.put: {{uuid: {UUID}, filter: '#{{body.payload.keep}}'}}\n"
    pipeline = parse_pipeline(text, commands.registry)
    result = await Runner(commands.registry, functions.registry).run(pipeline, user=ADA, hub=access(hub))
    assert result.body["filter"] == "#{body.payload.keep}"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("#{body.}", r"column 8"),
        ("body.", r"column 6"),
        ("#{1} and #{2}", "one expression"),
        ("#{T(java.lang.Runtime)}", "column"),
        ("x" * 5000, "4,000"),
    ],
)
async def test_a_filter_is_checked_when_it_is_set(hub: Hub, wrong: str, reason: str) -> None:
    with pytest.raises(ParameterError, match=f"filter.*{reason}"):
        await put(hub, wrong)
