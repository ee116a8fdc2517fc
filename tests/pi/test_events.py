"""`pi events`: the events of a running hub, listed, followed, shown and delivered again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from pfnb.exceptions import NotFoundError, ParameterError
from pfnb.http.server import LocalServer
from pfnb.pi.main import WordsError
from tests.pi.conftest import Pi

SECONDS = 20


async def webhook(pi: Pi, key: str, *settings: str) -> str:
    return json.loads(await pi("command", "webhook.put", f"eventKey={key}", *settings, "--json"))["webhookUrl"]


async def post(url: str, **words: Any) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.post(url, **words)).status_code == 200


@asynccontextmanager
async def following(server: LocalServer, *words: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pfnb.pi.main", "events", "-f", *words, stdout=PIPE, stderr=PIPE,
        env={**os.environ, "PFNB_URL": server.url, "PFNB_TOKEN": server.token},
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), SECONDS)).decode()


async def test_the_newest_events_are_listed_first(pi: Pi) -> None:
    first, second = await webhook(pi, "webhook.a"), await webhook(pi, "shop.b")
    await post(first, json={"n": 1})
    await post(second, json={"n": 2})
    head, newest, older = (await pi("events")).splitlines()
    assert head.split() == ["time", "(UTC)", "id", "eventKey", "method", "type", "size", "status"]
    assert "shop.b" in newest
    assert "webhook.a" in older
    assert [row["eventKey"] for row in json.loads(await pi("events", "webhook.#", "--json"))] == ["webhook.a"]
    assert len(json.loads(await pi("events", "--limit", "1", "--json"))) == 1
    assert len(json.loads(await pi("events", "--since", "1h", "--json"))) == 2
    assert (await pi("events", "--since", "2999-01-01")).strip() == "no events"


async def test_an_event_is_shown_by_its_id(pi: Pi) -> None:
    await post(await webhook(pi, "webhook.a"), json={"name": "Ada"})
    (row,) = json.loads(await pi("events", "--json"))
    assert 'name  "Ada"' in await pi("events", "show", row["id"])
    assert json.loads(await pi("events", "show", row["id"], "--json"))["event"]["eventKey"] == "webhook.a"
    with pytest.raises(NotFoundError):
        await pi("events", "show", "nothing")


async def test_an_event_is_delivered_again_to_those_who_listen_now(pi: Pi) -> None:
    await post(await webhook(pi, "webhook.a"), json={})
    (row,) = json.loads(await pi("events", "--json"))
    assert (await pi("events", "replay", row["id"])).strip() == "nobody listens for it now"
    pipeline = "pipeline: [{event.listen: {key: webhook.a}}]"
    await pi("command", "pipeline.put", "path=global/app/demo/pipeline/a", f"value={pipeline}")
    (made,) = json.loads(await pi("events", "replay", row["id"], "--json"))["deliveries"]
    assert made["listener"] == "global/app/demo/pipeline/a"


async def test_following_shows_the_newest_and_then_each_that_arrives(pi: Pi, server: LocalServer) -> None:
    url = await webhook(pi, "webhook.a", "methods=POST")
    await post(f"{url}&n=1", content=b"x")
    async with following(server) as process:
        assert "webhook.a  POST ?n=1" in await line(process)
        await post(f"{url}&n=%1b[2J", content=b"x")
        arrived = await line(process)
        assert "POST ?n=␛[2J" in arrived
        assert "\x1b" not in arrived
        async with httpx.AsyncClient(trust_env=False) as client:
            await client.get(url)
        assert "refused (405)  webhook.a: The method was GET" in await line(process)


async def test_following_as_json_has_one_object_in_each_line(pi: Pi, server: LocalServer) -> None:
    first, other = await webhook(pi, "webhook.a"), await webhook(pi, "webhook.b")
    async with following(server, "webhook.a", "--json") as process:
        await post(other, json={})
        await post(first, json={})
        row = json.loads(await line(process))
        assert (row["type"], row["eventKey"]) == ("event", "webhook.a")


async def test_a_reader_that_leaves_ends_it_in_silence(pi: Pi, server: LocalServer) -> None:
    url = await webhook(pi, "webhook.a")
    async with following(server) as process:
        await post(url, content=b"1")
        await line(process)
        assert process.stdout is not None
        process.stdout._transport.close()  # type: ignore[attr-defined]  # as `head -1` does
        await post(url, content=b"2")
        assert await asyncio.wait_for(process.wait(), SECONDS) == 0
        assert process.stderr is not None
        assert await process.stderr.read() == b""


async def test_ctrl_c_ends_following(pi: Pi, server: LocalServer) -> None:
    url = await webhook(pi, "webhook.a")
    async with following(server) as process:
        await post(url, content=b"1")
        await line(process)
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), SECONDS) == 130
        assert process.stderr is not None
        assert await process.stderr.read() == b""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("a", "b"), "one event key or pattern"),
        (("show", "a", "b"), "takes one id"),
        (("replay", "a", "b", "c"), "the name of one pipeline"),
        (("show", "a", "-f"), "takes an id, and no --follow"),
    ],
)
async def test_words_that_do_not_fit_are_refused(pi: Pi, words: tuple[str, ...], said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        await pi("events", *words)


@pytest.mark.parametrize("words", [("--limit", "0"), ("--limit", "x"), ("--since", "yesterday")])
async def test_numbers_and_times_are_checked(pi: Pi, words: tuple[str, ...]) -> None:
    with pytest.raises(WordsError):
        await pi("events", *words)
