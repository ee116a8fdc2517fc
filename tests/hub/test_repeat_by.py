"""What identifies a repetition, as a webhook's owner says: a header, an expression over the event, or nothing."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from pfnb import commands, functions
from pfnb.exceptions import ParameterError
from pfnb.hub.access import HubAccess
from pfnb.hub.hub import Hub, Receipt
from pfnb.hub.receiving.ingest import Ingest
from pfnb.hub.receiving.request import Limits, Received, RequestHead
from pfnb.language.port import User
from pfnb.language.reading.parser import parse_pipeline
from pfnb.language.roles import EVERYTHING
from pfnb.language.running.runner import Runner
from tests.hub.conftest import UUID

ADA = User("ada", EVERYTHING)
UNKNOWN = "99999999-6d6b-4f1e-9d5e-5b8f3f999999"


async def sent(hub: Hub, value: Any, uuid: str = UUID, **headers: str) -> Receipt:
    named = tuple((name.replace("_", "-"), text) for name, text in headers.items())
    return await hub.receive(received(json.dumps(value).encode(), hub.settings.bodies, uuid, *named))


def received(body: bytes, folder: Path, uuid: str, *headers: tuple[str, str]) -> Received:
    ingest = Ingest(RequestHead("POST", f"uuid={uuid}", headers), Limits(), folder)
    ingest.feed(body)
    return ingest.finish()


async def put(hub: Hub, repeat_by: str) -> None:
    await access(hub).put_webhook({"uuid": UUID, "repeatBy": repeat_by})


def access(hub: Hub) -> HubAccess:
    return HubAccess(hub, ADA, "http://127.0.0.1/pfnb")


async def warning(hub: Hub) -> str:
    await asyncio.sleep(0)
    return (await access(hub).get_webhooks(uuid=UUID))[0].get("warning", "")


async def stored(hub: Hub) -> int:
    return len(await hub.store.events.since(0, 100))


async def test_an_expression_over_the_payload_identifies_a_repetition_whatever_else_has_changed(hub: Hub) -> None:
    await put(hub, "#{body.payload.order.id}")
    first = await sent(hub, {"order": {"id": 7}, "attempt": 1})
    again = await sent(hub, {"order": {"id": 7}, "attempt": 2})
    other = await sent(hub, {"order": {"id": "7"}, "attempt": 3, "more": True})
    third = await sent(hub, {"order": {"id": 8}})
    assert first.event_id == again.event_id == other.event_id != third.event_id
    assert await stored(hub) == 2
    assert await warning(hub) == ""


async def test_the_expression_sees_the_payload_parsed_for_each_payload_type(hub: Hub) -> None:
    await hub.webhooks.put({"uuid": UUID, "payloadType": "base64"}, "ada")
    await put(hub, "#{body.headers['x-shop']}/#{body.payload.id}")
    ids = [(await sent(hub, {"id": 1}, x_shop=shop)).event_id for shop in ("a", "b", "a")]
    assert ids[0] == ids[2] != ids[1]


async def test_a_header_identifies_a_repetition(hub: Hub) -> None:
    await put(hub, "X-My-Id")
    ids = [(await sent(hub, {"try": number}, x_my_id=name)).event_id for number, name in enumerate("aab")]
    assert ids[0] == ids[1] != ids[2]


async def test_none_stores_each_request_and_default_returns_to_the_known_headers(hub: Hub) -> None:
    await put(hub, "none")
    for _ in range(2):
        await sent(hub, {}, webhook_id="m1")
    assert await stored(hub) == 2
    await put(hub, "default")
    for _ in range(2):
        await sent(hub, {}, webhook_id="m2")
    assert await stored(hub) == 3


@pytest.mark.parametrize(
    ("repeat_by", "value", "reason"),
    [
        ("#{body.payload.id}", {"other": 1}, "id"),
        ("#{body.payload?.id}", [], "has no value"),
        ("X-My-Id", {"id": 1}, "has no value"),
        ("#{body.payload.id}", {"id": "x" * 5000}, "5,000 characters"),
        ("#{body.payload.id}", {"id": 1, "more": "x" * 600_000}, "512kB"),
        ("#{@content.load(body.payload.id)}", {"id": "$uri:attachment:1"}, "needs a run"),
    ],
)
async def test_a_request_without_that_value_is_stored_and_its_owner_sees_why(
    hub: Hub, repeat_by: str, value: Any, reason: str
) -> None:
    await put(hub, repeat_by)
    for _ in range(2):
        await sent(hub, value)
    assert await stored(hub) == 2
    assert reason in await warning(hub)
    await put(hub, "none")
    assert await warning(hub) == ""


async def test_an_expression_that_takes_too_long_is_stopped_and_others_are_answered_meanwhile(hub: Hub) -> None:
    await put(hub, "#{body.payload.![@hash.sha512(#root.body.payload)].size()}")
    slow = asyncio.create_task(sent(hub, list(range(3_000))))
    for _ in range(3):
        await sent(hub, {}, uuid=UNKNOWN)
    assert not slow.done()
    assert (await slow).event_id
    assert "takes too long" in await warning(hub) or "took longer" in await warning(hub)


async def test_what_a_webhook_calls_a_repetition_does_not_show_in_the_answer(hub: Hub) -> None:
    await put(hub, "#{body.payload.id}")
    for uuid in (UUID, UNKNOWN):
        unnamed = [await sent(hub, {"id": 1}, uuid) for _ in range(2)]
        assert unnamed[0].correlation_id != unnamed[1].correlation_id
        named = [await sent(hub, {"id": number}, uuid, webhook_id="m1") for number in (1, 1, 2)]
        assert named[0].correlation_id == named[1].correlation_id != named[2].correlation_id


async def test_a_pipeline_hands_the_expression_on_as_it_is_written(hub: Hub) -> None:
    text = f"pipeline:\n  - webhook.put: {{uuid: {UUID}, repeatBy: '#{{body.payload.id}}'}}\n"
    pipeline = parse_pipeline(text, commands.registry)
    result = await Runner(commands.registry, functions.registry).run(pipeline, user=ADA, hub=access(hub))
    assert result.body["repeatBy"] == "#{body.payload.id}"
    ids = {(await sent(hub, {"id": 1, "try": number})).event_id for number in range(2)}
    assert len(ids) == 1


@pytest.mark.parametrize("wrong", ["two words", "#{", "#{}", "{id}", "x" * 5000 + "#{1}", "Name:"])
async def test_repeat_by_is_checked_when_it_is_set(hub: Hub, wrong: str) -> None:
    with pytest.raises(ParameterError, match="repeatBy"):
        await put(hub, wrong)


async def test_a_body_in_a_file_is_read_for_the_expression_and_removed_when_repeated(hub: Hub) -> None:
    await put(hub, "#{body.payload.id}")
    body = json.dumps({"id": 5, "text": "x" * 200_000}).encode()
    receipts = [await hub.receive(received(body, hub.settings.bodies, UUID)) for _ in range(2)]
    assert receipts[0].event_id == receipts[1].event_id
    await asyncio.sleep(0)
    await hub.tasks.close()
    assert len(list(hub.settings.bodies.iterdir())) == 1
