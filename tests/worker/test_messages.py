"""Messages, from the pipeline that sends them to the stored ones that receive them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.stores import STORES
from tests.worker.conftest import PATH, Hub, running_hub, until

KEPT = "global/app/demo/data/kept"


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    async with running_hub(STORES["sqlite"](tmp_path / "hub")) as made:
        yield made


def receiver(*steps: str, first: str = "key: sales.#", headers: str = "{}") -> str:
    lines = "\n  - ".join([f"headers: {headers}\npipeline:", f"message.receive: {{{first}}}", *steps])
    return lines + f"\n  - iam.run.as: {{username: ada}}\n  - property.put: {{path: {KEPT}, value: '#{{body}}'}}\n"


async def send(hub: Hub, **message: Any) -> None:
    answer = await hub.http.post("api/v3/pipeline", json={"pipeline": [{"message.send": message}]})
    assert answer.status_code == 200, answer.text


async def kept(hub: Hub) -> Any:
    answer = await hub.http.get("api/v3/command/property.value.get", params={"path": KEPT})
    return answer.json() if answer.status_code == 200 else None


async def test_a_receiver_gets_the_payload_as_its_body(hub: Hub) -> None:
    await hub.put(PATH, receiver())
    await send(hub, key="sales.order.created", payload='{"customer": "Ada"}')
    assert await until(lambda: kept(hub)) == {"customer": "Ada"}


async def test_a_text_that_is_not_json_comes_in_an_envelope(hub: Hub) -> None:
    await hub.put(PATH, receiver())
    await send(hub, key="sales.note", payload="Hello")
    assert await until(lambda: kept(hub)) == {"status": 200, "valueType": "string", "value": "Hello"}
    await send(hub, key="sales.note", payload="<a/>", contentType="text/xml")

    async def typed() -> bool:
        return (await kept(hub))["valueType"] == "text/xml"

    await until(typed)


async def test_another_key_does_not_reach_it(hub: Hub) -> None:
    await hub.put(PATH, receiver(first="key: sales.*.created"))
    await send(hub, key="sales.order.closed", payload={"n": 1})
    await send(hub, key="sales.order.created", payload={"n": 2})
    assert await until(lambda: kept(hub)) == {"n": 2}
    assert len(await hub.runs()) == 1


async def test_a_batch_comes_as_a_list_of_payloads(hub: Hub) -> None:
    await hub.put(PATH, receiver(first="key: sales.#, maxBatchItems: 3"))
    for number in range(3):
        await send(hub, key="sales.order", payload={"n": number})
    assert await until(lambda: kept(hub)) == [{"n": 0}, {"n": 1}, {"n": 2}]


async def test_a_failed_run_gets_its_message_again_unless_it_was_acknowledged(hub: Hub) -> None:
    failing = ("cache.put: {key: tries, value: 1}", 'error: {message: "no"}')
    headers = "{retry: {times: 2, wait: 0.01}, runAs: ada}"
    await hub.put(PATH, receiver(*failing, first="key: sales.#, autoack: false", headers=headers))
    await send(hub, key="sales.order", payload={})
    run = await hub.ended("dead")
    assert run["attempts"] == 3
    await hub.put(PATH, receiver("message.ack", *failing, first="key: sales.#, autoack: false", headers=headers))
    await send(hub, key="sales.order", payload={})

    async def once() -> bool:
        newest = (await hub.runs())[0]
        return (newest["status"], newest["attempts"]) == ("dead", 1)

    await until(once)


async def test_a_returned_message_comes_again_although_the_run_succeeded(hub: Hub) -> None:
    steps = ("message.nack",)
    headers = "{retry: {times: 1, wait: 0.01}}"
    await hub.put(PATH, receiver(*steps, first="key: sales.#, autoack: false", headers=headers))
    await send(hub, key="sales.order", payload={})
    run = await hub.ended("dead")
    assert (run["attempts"], run["error"]["statusMessage"][:12]) == (2, "message.nack")


async def test_a_dropped_message_does_not_come_again(hub: Hub) -> None:
    steps = ("message.drop", 'error: {message: "no"}')
    await hub.put(PATH, receiver(*steps, first="key: sales.#, autoack: false"))
    await send(hub, key="sales.order", payload={})
    assert (await hub.ended("dead"))["attempts"] == 1


@pytest.mark.parametrize("steps", [("message.ack",), ("message.nack",), ("message.drop",)])
async def test_what_needs_no_answer_refuses_one(hub: Hub, steps: tuple[str, ...]) -> None:
    await hub.put(PATH, receiver(*steps))
    await send(hub, key="sales.order", payload={})
    assert "autoack: false" in (await hub.ended("failed"))["error"]["statusMessage"]


@pytest.mark.parametrize(
    ("first", "said"),
    [
        ("key: a.b, autoack: false, maxBatchItems: 2", "cannot be acknowledged by itself"),
        ("key: a.b, exchange: other", "a hub has one exchange"),
        ("key: a.b, manageQueue: delete", "create,delete"),
        ("key: a.b, managed: false", "a queue of its own"),
        ("key: a.b, maxBatchItems: many", "maxBatchItems"),
        ("key: '#{vars.key}'", "must be known before the run"),
        ("exchange: ''", 'needs the parameter "key"'),
        ("key: a.b, queue: mine", 'no parameter "queue"'),
    ],
)
async def test_a_wrong_receiver_is_not_saved(hub: Hub, first: str, said: str) -> None:
    answer = await hub.http.put(f"api/v3/pipeline:{PATH}", content=receiver(first=first))
    assert answer.status_code == 400
    assert said in answer.json()["statusMessage"]


async def test_batches_are_asked_for_in_one_place(hub: Hub) -> None:
    text = receiver(first="key: a.b, maxBatchItems: 2", headers="{batch: 3}")
    answer = await hub.http.put(f"api/v3/pipeline:{PATH}", content=text)
    assert answer.status_code == 400
    assert "cannot have maxBatchItems" in answer.json()["statusMessage"]


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ({"payload": 1}, 'needs the parameter "key"'),
        ({"key": "a b"}, "not a valid event key"),
        ({"key": "a.b", "exchange": "x"}, "a hub has one exchange"),
        ({"key": "a.b", "encoding": "latin-1"}, "always UTF-8"),
    ],
)
async def test_a_wrong_message_is_not_sent(hub: Hub, message: dict[str, Any], said: str) -> None:
    answer = await hub.http.post("api/v3/pipeline", json={"pipeline": [{"message.send": message}]})
    assert answer.status_code == 400
    assert said in answer.json()["statusMessage"]
