"""A session with a real hub, over a wire that can be cut."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from pfnb import commands, functions
from pfnb.client import connection
from pfnb.client.contents import Unreadable
from pfnb.client.discovery import HubAddress
from pfnb.client.port import session_port
from pfnb.client.session import Session
from pfnb.exceptions import (
    HubUnreachableError,
    NameTakenError,
    NotAuthenticatedError,
    NotFoundError,
    StoreBusyError,
    WaitTimeoutError,
)
from pfnb.http import session as hub_session
from pfnb.http import wire as frames
from pfnb.http.server import LocalServer
from pfnb.kernel.board.board import Board
from pfnb.kernel.listening.deliveries import Deliveries
from pfnb.kernel.listening.listener import FIRST_LINE, Listener
from pfnb.language.content import content_id_of
from pfnb.language.context import Context
from pfnb.language.port import ANONYMOUS, User
from pfnb.language.reading.parser import parse_pipeline
from pfnb.language.roles import EVERYTHING
from pfnb.language.running.runner import Runner

SECONDS = 10.0
REGISTRY = commands.load().copy()


class Kernel:
    """What of a kernel a hub can tell: a session with its listeners."""

    def __init__(self, address: HubAddress, name: str, *, grace: float = 5.0) -> None:
        self.deliveries = Deliveries(Runner(REGISTRY, functions.registry), Unreadable())
        self.revoked: list[str] = []
        self.session = Session(
            address,
            id=f"{name}-0000-4000-8000-000000000000",
            notebook=f"{name}.ipynb",
            on_delivery=self.deliveries.take,
            on_revoked=self._revoke,
            on_discarded=self.deliveries.discard,
            grace=grace,
        )
        self.deliveries.attach(self.session)
        self.hub = session_port(self.session)

    def _revoke(self, name: str) -> None:
        self.revoked.append(name)
        self.deliveries.revoke(name)

    async def listen(
        self, name: str, steps: str = "", *, replace: bool = False, shared: bool = False, **headers: Any
    ) -> None:
        text = f"headers: {json.dumps(headers)}\npipeline:\n- event.listen: {{key: lead.created}}\n{steps}"
        listener = Listener(
            name=name,
            pipeline=parse_pipeline(text, REGISTRY, first_line=FIRST_LINE),
            user=ANONYMOUS,
            owner=User("ada", EVERYTHING),
            context=contextvars.copy_context(),
            board=Board("", Unreadable(), None, asyncio.get_running_loop()),
        )
        self.deliveries.set_listener(listener)
        await self.session.register(
            name,
            {
                "pattern": listener.pattern,
                "concurrency": listener.concurrency,
                "retry": listener.retry,
                "replace": replace,
                "shared": shared,
                "source": text,
            },
        )

    async def close(self) -> None:
        await self.deliveries.close()
        await self.session.close()


@pytest.fixture
async def server() -> AsyncIterator[LocalServer]:
    server = LocalServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def wire(server, new_wire) -> AsyncIterator[Any]:
    wire = new_wire(server.url)
    await wire.mend()
    yield wire
    await wire.cut()


@pytest.fixture
async def connect(server) -> AsyncIterator[Any]:
    kernels = []

    async def connect(name: str = "first", url: str | None = None, **settings: Any) -> Kernel:
        kernels.append(Kernel(HubAddress(url or server.url, server.token), name, **settings))
        await kernels[-1].session.open()
        return kernels[-1]

    yield connect
    for kernel in kernels:
        await kernel.close()


async def until(condition) -> None:
    async with asyncio.timeout(SECONDS):
        while not condition():
            await asyncio.sleep(0.005)


async def call_webhook(server: LocalServer, uuid: str, body: Any, **params: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=SECONDS) as client:
        url = f"{server.url}/api/v3/command/webhook.receive"
        return await client.post(url, params={"uuid": uuid, **params}, json=body)


async def test_the_hub_says_who_it_is(connect, server):
    kernel = await connect()
    assert kernel.session.welcome["owner"] == server.owner
    assert kernel.session.welcome["hub"] == server.url
    assert kernel.session.welcome["durable"] is False
    assert kernel.session.since == 0


async def test_a_hub_that_is_not_there_is_an_error_that_names_it(unused_tcp_port):
    url = f"http://127.0.0.1:{unused_tcp_port}/pfnb"
    with pytest.raises(HubUnreachableError, match=url):
        await Kernel(HubAddress(url, "t"), "first").session.open()


async def test_a_wrong_token_says_what_to_set(server):
    with pytest.raises(NotAuthenticatedError, match="PFNB_TOKEN"):
        await Kernel(HubAddress(server.url, "wrong"), "first").session.open()


async def test_another_server_is_no_hub(server):
    with pytest.raises(HubUnreachableError, match="not a working pfnb hub"):
        await Kernel(HubAddress(server.url + "/elsewhere", server.token), "first").session.open()


async def test_errors_of_the_hub_keep_their_class(connect):
    kernel = await connect()
    with pytest.raises(NotFoundError):
        await kernel.hub.delete_webhook("00000000-0000-4000-8000-000000000000")


async def test_the_hubs_webhooks_events_and_contents_are_reached(connect, server):
    kernel = await connect()
    webhook = await kernel.hub.put_webhook({"eventKey": "lead.created", "payloadType": "raw"})
    assert await kernel.hub.get_webhooks(event_key="lead.created") == [webhook]
    answer = await call_webhook(server, webhook["uuid"], {"name": "Ada"})
    (row,) = await kernel.hub.webhook_logs(webhook["uuid"])
    assert row["traceId"] == answer.json()["traceId"]
    assert await kernel.hub.read_event_content(row["id"]) == b'{"name":"Ada"}'
    deleted = await kernel.hub.delete_webhook(webhook["uuid"])
    assert deleted["uuid"] == webhook["uuid"]


async def test_a_listener_runs_and_its_result_is_the_callers_answer(connect, server):
    kernel = await connect()
    await kernel.listen("lead", "- set.body: {value: '#{body.payload.name}'}\n")
    webhook = await kernel.hub.put_webhook({"eventKey": "lead.created", "payloadType": "raw"})
    answer = await call_webhook(server, webhook["uuid"], {"name": "Ada"}, wait="true")
    assert answer.json() == {"status": "finished", "statusCode": 200, "value": "Ada"}


async def test_an_anonymous_run_is_refused_with_the_way_out(connect):
    kernel = await connect()
    await kernel.listen("lead", "- event.send: {key: other}\n")
    await kernel.hub.send_event("lead.created")
    row = await kernel.hub.next_event("lead.created", since=0, exclude=[], seconds=SECONDS)
    (delivery,) = row["deliveries"]
    assert delivery["status"] == "failed"
    assert "iam.run.as: {username: ada}" in delivery["error"]["statusMessage"]
    assert delivery["error"]["line"] == 5


async def test_a_result_that_json_has_not_arrives_as_text(connect, server):
    @REGISTRY.command("test.day", anonymous=True)
    def day() -> dict[str, Any]:
        import datetime as dt

        return {"day": dt.date(2026, 1, 2), "share": float("nan")}

    kernel = await connect()
    await kernel.listen("lead", "- test.day:\n")
    webhook = await kernel.hub.put_webhook({"eventKey": "lead.created"})
    answer = await call_webhook(server, webhook["uuid"], {}, wait="true")
    assert answer.json()["value"] == {"day": "2026-01-02", "share": None}


async def test_a_wait_ends_with_the_oldest_event_not_yet_returned(connect):
    kernel = await connect()
    first = await kernel.hub.send_event("lead.created", 1)
    second = await kernel.hub.send_event("lead.created", 2)
    row = await kernel.hub.next_event("lead.*", since=0, exclude=[], seconds=SECONDS)
    assert (row["id"], row["event"]["payload"]) == (first["id"], 1)
    row = await kernel.hub.next_event("lead.*", since=0, exclude=[first["id"]], seconds=SECONDS)
    assert row["id"] == second["id"]
    with pytest.raises(WaitTimeoutError):
        await kernel.hub.next_event("nobody", since=0, exclude=[], seconds=0.05)


async def test_another_notebook_needs_replace_and_then_takes_over(connect):
    first, second = await connect("first"), await connect("second")
    await first.listen("lead")
    with pytest.raises(NameTakenError, match="--replace"):
        await second.listen("lead")
    await second.listen("lead", replace=True)
    await until(lambda: first.revoked == ["lead"])


async def test_a_run_whose_name_was_taken_over_in_the_middle_is_run_again_and_its_own_end_refused(connect):
    begun: list[str] = []
    hold, end = asyncio.Event(), asyncio.Event()

    @REGISTRY.command("test.stubborn", anonymous=True)
    async def stubborn(event: Any) -> None:
        begun.append(event.id)
        while not hold.is_set():
            with contextlib.suppress(asyncio.CancelledError):  # code that cannot be stopped, as a thread's
                await hold.wait()
        end.set()

    first, second = await connect("first"), await connect("second")
    await first.listen("lead", "- test.stubborn:\n")
    sent = await first.hub.send_event("lead.created")
    await until(lambda: begun)
    await second.listen("lead", replace=True)
    row = await second.hub.next_event("lead.created", since=0, exclude=[], seconds=SECONDS)
    assert (row["id"], [(one["status"], one["attempts"]) for one in row["deliveries"]]) == (
        sent["id"],
        [("succeeded", 2)],
    )
    hold.set()
    await end.wait()
    await first.close()
    row = await second.hub.read_event(sent["id"], body=False)
    assert [(one["status"], one["attempts"]) for one in row["deliveries"]] == [("succeeded", 2)]


async def test_kernels_that_share_a_name_compete_for_its_events_and_one_that_dies_gives_back(connect, wire):
    begun: list[str] = []
    hold = asyncio.Event()

    @REGISTRY.command("test.hold", anonymous=True)
    async def held(event: Any) -> None:
        begun.append(event.id)
        await hold.wait()

    dying, living = await connect("first", wire.url), await connect("second")
    for kernel in (dying, living):
        await kernel.listen("lead", "- test.hold:\n", shared=True)
    sent = [(await living.hub.send_event("lead.created"))["id"] for _ in range(2)]
    await until(lambda: sorted(begun) == sorted(sent))
    (listed,) = await living.hub.list_listeners()
    assert (listed["workers"], listed["shared"], listed["pending"], listed["lastMinute"]) == (2, True, 2, 2)
    await wire.cut()
    await dying.close()
    hold.set()
    for event in sent:
        row = await living.hub.next_event("lead.created", since=0, exclude=set(sent) - {event}, seconds=SECONDS)
        assert [delivery["status"] for delivery in row["deliveries"]] == ["succeeded"]
    assert (len(begun), set(begun)) == (3, set(sent))


async def test_a_pipeline_that_fails_is_tried_again_as_its_header_says(connect):
    attempts: list[int] = []

    @REGISTRY.command("test.fail_twice", anonymous=True)
    async def fail_twice() -> None:
        attempts.append(1)
        if len(attempts) < 3:
            raise RuntimeError("not yet")

    kernel = await connect()
    await kernel.listen("lead", "- test.fail_twice:\n", retry={"times": 3, "wait": 0})
    await kernel.hub.send_event("lead.created")
    row = await kernel.hub.next_event("lead.created", since=0, exclude=[], seconds=SECONDS)
    assert [(one["status"], one["attempts"], one["error"]) for one in row["deliveries"]] == [("succeeded", 3, None)]


async def test_after_a_break_the_session_listens_again_and_gets_what_waited(connect, wire):
    kernel, other = await connect("first", wire.url), await connect("second")
    await kernel.listen("lead")
    await wire.cut()
    await until(lambda: not kernel.session.is_connected)
    sent = await other.hub.send_event("lead.created")
    await wire.mend()
    await until(lambda: kernel.session.is_connected)
    row = await kernel.hub.next_event("lead.created", since=0, exclude=[], seconds=SECONDS)
    assert row["id"] == sent["id"]
    assert [delivery["status"] for delivery in row["deliveries"]] == ["succeeded"]


async def test_a_connection_over_which_nothing_comes_any_more_is_given_up_by_both_ends(connect, wire, monkeypatch):
    monkeypatch.setattr(hub_session, "PING_SECONDS", 0.1)
    monkeypatch.setattr(connection, "_PING_SECONDS", 0.1)
    kernel, other = await connect("first", wire.url), await connect("second")
    await kernel.listen("lead")
    wire.freeze()
    await until(lambda: not kernel.session.is_connected)

    async def is_away() -> bool:
        (listed,) = await other.hub.list_listeners()
        return not listed["connected"]

    async with asyncio.timeout(SECONDS):
        while not await is_away():
            await asyncio.sleep(0.01)
    sent = await other.hub.send_event("lead.created")
    await wire.cut()
    await wire.mend()
    row = await kernel.hub.next_event("lead.created", since=0, exclude=[], seconds=SECONDS)
    assert (row["id"], [delivery["status"] for delivery in row["deliveries"]]) == (sent["id"], ["succeeded"])


async def test_a_name_that_was_taken_over_during_a_break_is_given_up(connect, wire):
    kernel, other = await connect("first", wire.url), await connect("second")
    await kernel.listen("lead")
    await wire.cut()
    await until(lambda: not kernel.session.is_connected)
    await other.listen("lead", replace=True)
    await wire.mend()
    await until(lambda: kernel.revoked == ["lead"])


async def test_a_run_that_outlives_a_break_is_not_run_again(connect, wire):
    runs, go_on = [], asyncio.Event()

    @REGISTRY.command("test.slow", anonymous=True)
    async def slow() -> None:
        runs.append(1)
        await go_on.wait()

    kernel, other = await connect("first", wire.url), await connect("second")
    await kernel.listen("lead", "- test.slow:\n")
    await other.hub.send_event("lead.created")
    await until(lambda: runs)
    await wire.cut()
    await until(lambda: not kernel.session.is_connected)
    go_on.set()
    await wire.mend()
    row = await kernel.hub.next_event("lead.created", since=0, exclude=[], seconds=SECONDS)
    assert [delivery["status"] for delivery in row["deliveries"]] == ["succeeded"]
    assert runs == [1]


async def test_what_had_not_begun_before_a_break_runs_once_and_in_sequence_after_it(connect, wire):
    runs, go_on = [], asyncio.Event()

    @REGISTRY.command("test.number", anonymous=True)
    async def number(body: Any) -> None:
        runs.append(body["payload"])
        await go_on.wait()

    kernel, other = await connect("first", wire.url), await connect("second")
    await kernel.listen("lead", "- test.number:\n")
    for sent in range(6):
        await other.hub.send_event("lead.created", sent)
    await until(lambda: len(kernel.deliveries._running) == 6)
    await wire.cut()
    await until(lambda: not kernel.session.is_connected)
    go_on.set()
    await until(lambda: not any(run.is_waiting for run in kernel.deliveries._running.values()))
    assert runs == [0]
    await wire.mend()
    await until(lambda: len(runs) == 6)
    await until(lambda: not kernel.deliveries.running())
    ended = await kernel.session.call("list_runs", {"listener": "lead"})
    assert (runs, [(one["status"], one["attempts"]) for one in reversed(ended)][1:]) == (
        [*range(6)],
        [("succeeded", 1)] * 5,
    )


async def test_a_question_outlives_a_break(connect, wire):
    kernel = await connect("first", wire.url)
    asked = asyncio.ensure_future(kernel.hub.next_event("lead.created", since=0, exclude=[], seconds=SECONDS))
    await asyncio.sleep(0)
    await wire.cut()
    await until(lambda: not kernel.session.is_connected)
    await wire.mend()
    sent = await kernel.hub.send_event("lead.created")
    assert (await asked)["id"] == sent["id"]


async def test_what_may_have_been_done_is_not_sent_twice(connect, wire, server, monkeypatch):
    reached, never = asyncio.Event(), asyncio.Event()

    async def stuck(*_: object, **__: object) -> None:
        reached.set()
        await never.wait()

    monkeypatch.setattr(server.hub, "send", stuck)
    kernel = await connect("first", wire.url)
    asked = asyncio.ensure_future(kernel.hub.send_event("lead.created"))
    await reached.wait()
    await wire.cut()
    with pytest.raises(HubUnreachableError, match="check whether it was done"):
        await asked
    never.set()  # the hub ends at once


async def test_a_hub_that_stays_away_ends_calls_after_the_grace(connect, wire):
    kernel = await connect("first", wire.url, grace=0.1)
    await wire.cut()
    await until(lambda: not kernel.session.is_connected)
    with pytest.raises(HubUnreachableError, match="is gone"):
        await kernel.hub.list_listeners()


@pytest.mark.parametrize("wrapped", [False, True])
async def test_a_run_that_could_not_reach_its_hub_begins_again_and_has_not_failed(connect, wire, wrapped):
    begun: list[int] = []
    lost = asyncio.Event()
    name = f"test.ask_{wrapped}".lower()

    @REGISTRY.command(name, anonymous=True)
    async def ask(context: Context) -> str:
        begun.append(1)
        if len(begun) == 1:
            await lost.wait()
        try:
            await context.hub.describe()
        except Exception:
            if wrapped:
                raise ValueError("my own words for it") from None
            raise
        return "ran"

    kernel, other = await connect("first", wire.url, grace=0.1), await connect("second")
    await kernel.listen("lead", f"- {name}:\n")
    sent = await other.hub.send_event("lead.created")
    await until(lambda: begun)
    await wire.cut()
    await until(lambda: not kernel.session.is_connected)
    lost.set()
    await until(lambda: not kernel.deliveries.running())
    await wire.mend()
    row = await kernel_row(kernel, sent["id"])
    assert [(one["status"], one["error"]) for one in row["deliveries"]] == [("succeeded", None)]
    assert (len(begun), kernel.deliveries.failed.lines()) == (2, [])


async def test_a_fault_of_the_way_that_a_listener_deals_with_itself_is_no_fault(connect, wire):
    begun: list[int] = []
    lost = asyncio.Event()

    @REGISTRY.command("test.cope", anonymous=True)
    async def cope(context: Context) -> str:
        begun.append(1)
        await lost.wait()
        try:
            await context.hub.describe()
        except HubUnreachableError:
            return "without it, then"
        return "unreached"

    kernel, other = await connect("first", wire.url, grace=0.1), await connect("second")
    await kernel.listen("lead", "- test.cope:\n")
    sent = await other.hub.send_event("lead.created")
    await until(lambda: begun)
    await wire.cut()
    await until(lambda: not kernel.session.is_connected)
    lost.set()
    await until(lambda: not kernel.deliveries.running())
    await wire.mend()
    row = await kernel_row(kernel, sent["id"])
    assert [one["status"] for one in row["deliveries"]] == ["succeeded"]
    assert begun == [1]


async def test_a_step_asks_a_hub_whose_disk_refuses_again_and_no_other_step_runs_twice(connect, server, monkeypatch):
    begun: list[int] = []

    @REGISTRY.command("test.once", anonymous=True)
    async def once(context: Context) -> None:
        begun.append(1)
        await context.hub.put_cached("a", 1, seconds=60)

    refusals = iter([StoreBusyError("the disk is full", retry_after=0)] * 3)
    put = server.hub.cache.put

    def full(*given: Any) -> Any:
        if (error := next(refusals, None)) is not None:
            raise error
        return put(*given)

    monkeypatch.setattr(server.hub.cache, "put", full)
    kernel = await connect()
    await kernel.listen("lead", "- test.once:\n")
    sent = await kernel.hub.send_event("lead.created")
    row = await kernel_row(kernel, sent["id"])
    assert [one["status"] for one in row["deliveries"]] == ["succeeded"]
    assert begun == [1]


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ("error", "and 40,990,"),
        ("deep", "nested"),
        ("long", "at most 0 MiB"),
        ("bytes", "at most 0 MiB"),
        ("digits", "must be JSON"),
    ],
)
async def test_a_run_whose_end_is_too_large_to_be_told_ends_with_an_error_that_is_not(connect, monkeypatch, ends, said):
    deep: Any = []
    for _ in range(3_000):
        deep = [deep]

    @REGISTRY.command("test.large", anonymous=True)
    async def large() -> Any:
        if ends == "error":
            raise ValueError("x" * 41_000_000)
        return {"deep": deep, "long": "x" * 1_000_000, "bytes": bytes(1_000_000), "digits": 10**5_000}[ends]

    monkeypatch.setattr(frames, "MAX_FRAME", 500_000)
    kernel = await connect()
    await kernel.listen("lead", "- test.large:\n")
    sent = await kernel.hub.send_event("lead.created")
    row = await kernel_row(kernel, sent["id"])
    assert [(one["status"], one["attempts"]) for one in row["deliveries"]] == [("failed", 1)]
    message = row["deliveries"][0]["error"]["statusMessage"]
    assert said in message
    assert len(message) < 11_000


@pytest.mark.parametrize("end", ["set aside", "revoked"])
async def test_a_delivery_that_ends_in_the_turn_in_which_it_comes_leaves_nothing_behind(connect, end):
    kernel = await connect()
    came = asyncio.Event()

    def take(delivery: Any) -> None:
        kernel.deliveries.take(delivery)
        if end == "revoked":
            kernel.deliveries.revoke("lead")
        else:
            kernel.deliveries.discard(delivery["delivery"], {"statusMessage": "set aside"})
        came.set()

    kernel.session._on_delivery = take
    await kernel.listen("lead")
    await kernel.hub.send_event("lead.created")
    await came.wait()
    await until(lambda: kernel.deliveries.running() == [])


async def test_a_hub_that_cannot_register_a_listener_again_is_asked_until_it_can(connect, wire, server, monkeypatch):
    kernel, other = await connect("first", wire.url), await connect("second")
    await kernel.listen("lead")
    change, refusals = server.hub.store.registry.change_listeners, iter([StoreBusyError("the disk is full")] * 2)

    async def full(*given: Any) -> None:
        if (error := next(refusals, None)) is not None:
            raise error
        await change(*given)

    await wire.cut()
    await until(lambda: not kernel.session.is_connected)
    monkeypatch.setattr(server.hub.store.registry, "change_listeners", full)
    await wire.mend()
    sent = await other.hub.send_event("lead.created")
    row = await kernel_row(kernel, sent["id"])
    assert [one["status"] for one in row["deliveries"]] == ["succeeded"]
    assert (kernel.revoked, next(refusals, None)) == ([], None)


async def kernel_row(kernel: Kernel, event: str) -> dict[str, Any]:
    """An event's row, once its delivery to this kernel has ended."""
    await until(lambda: kernel.session.is_connected)
    row = await kernel.hub.next_event("lead.created", since=0, exclude=[], seconds=SECONDS)
    assert row["id"] == event
    return row


@pytest.mark.parametrize("in_thread", [False, True])
async def test_a_pipeline_that_sends_its_own_key_is_ended_with_the_chain_it_made(connect, in_thread):
    kernel = await connect()
    loop = asyncio.get_running_loop()

    @REGISTRY.command("test.send_on", anonymous=True)
    def send_on() -> None:
        asyncio.run_coroutine_threadsafe(kernel.hub.send_event("lead.created"), loop).result()

    step = "- test.send_on:\n" if in_thread else "- iam.run.as: {username: ada}\n- event.send: {key: lead.created}\n"
    await kernel.listen("lead", step)
    await kernel.hub.send_event("lead.created")
    async with asyncio.timeout(SECONDS):
        while not (ended := [one for one in await kernel.hub.list_runs("lead") if one["status"] == "failed"]):
            await asyncio.sleep(0.01)
    events = (await kernel.hub.list_events())["events"]
    assert [one.get("causation", {}).get("hops", 0) for one in events] == list(range(32, -1, -1))
    message = ended[0]["error"]["statusMessage"]
    assert "33 events led to it" in message
    assert "lead.created (33 times) → lead.created" in message
    newest = await kernel.hub.read_event(events[0]["id"])
    assert newest["event"]["causation"]["keys"] == ["lead.created"] * 32


async def test_a_closed_session_ends_its_calls(connect):
    kernel = await connect()
    asked = asyncio.ensure_future(kernel.hub.next_event("lead.created", since=0, exclude=[], seconds=SECONDS))
    await asyncio.sleep(0)
    await kernel.close()
    with pytest.raises(HubUnreachableError, match="unloaded"):
        await asked


async def test_as_many_runs_at_once_as_the_pipeline_says(connect):
    running, most, go_on = [], [], asyncio.Event()

    @REGISTRY.command("test.count", anonymous=True)
    async def count() -> None:
        running.append(1)
        most.append(len(running))
        await go_on.wait()
        running.pop()

    kernel = await connect()
    await kernel.listen("lead", "- test.count:\n", concurrency=3)
    for _ in range(5):
        await kernel.hub.send_event("lead.created")
    await until(lambda: len(running) == 3)
    go_on.set()
    await until(lambda: len(most) == 5)
    assert max(most) == 3


async def test_a_listener_that_is_defined_again_cuts_its_runs_off(connect):
    begun = []

    @REGISTRY.command("test.hang", anonymous=True)
    async def hang() -> None:
        begun.append(1)
        await asyncio.Event().wait()

    kernel = await connect()
    await kernel.listen("lead", "- test.hang:\n")
    await kernel.hub.send_event("lead.created")
    await until(lambda: begun)
    await kernel.listen("lead")
    row = await kernel.hub.next_event("lead.created", since=0, exclude=[], seconds=SECONDS)
    assert [delivery["status"] for delivery in row["deliveries"]] == ["succeeded"]


async def test_files_and_the_cache_go_through_a_session(connect) -> None:
    kernel = await connect()
    data = bytes(range(256)) * 1000
    reference = await kernel.hub.put_content(data, name="a.bin", content_type="application/octet-stream")
    assert reference["contentLength"] == len(data)
    assert await kernel.hub.read_content(content_id_of(reference) or "") == data
    entry = await kernel.hub.put_cached("rate", {"eur": 1.1}, seconds=300)
    assert await kernel.hub.get_cached("rate", remove=True) == {**entry, "value": {"eur": 1.1}}
    assert await kernel.hub.list_cached() == []
