"""What a hub answers has the declared shapes, field by field."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from types import NoneType, UnionType
from typing import Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

import httpx
import pytest

from pfnb.client.discovery import HubAddress
from pfnb.client.port import session_port
from pfnb.client.session import Session
from pfnb.commands.webhook_settings import SPELLINGS
from pfnb.exceptions import ParameterError
from pfnb.http.protocol import CALLS, KernelPort
from pfnb.http.server import LocalServer
from pfnb.language.trace import StepRecord
from pfnb.rows.run import DeliveryFrame

STEP = StepRecord(1, "body.set", 3, 1682349730659, 0.5, {"a": 1}, "done")
PATH = "global/app/demo/name"
SETTINGS = frozenset(SPELLINGS.values())
"""A setting that only the hub reads need not be declared in a webhook's row."""


def misfits(value: Any, kind: Any, where: str = "") -> Iterator[str]:
    """Where a value differs from its declared type."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        found = [list(misfits(value, part, where)) for part in parts]
        yield from min(found, key=len)
    elif is_typeddict(kind):
        yield from _row_misfits(value, kind, where)
    elif origin is list and isinstance(value, list):
        for number, item in enumerate(value):
            yield from misfits(item, parts[0], f"{where}[{number}]")
    elif origin is dict and isinstance(value, dict):
        for name, item in value.items():
            yield from misfits(item, parts[1], f"{where}.{name}")
    elif origin is Literal:
        if value not in parts:
            yield f"{where}: {value!r} is none of {parts}"
    elif kind is not Any and not isinstance(value, {float: (float, int), None: NoneType}.get(kind, origin or kind)):
        yield f"{where}: {value!r} is not of type {kind}"


def _row_misfits(row: Any, kind: Any, where: str) -> Iterator[str]:
    if not isinstance(row, dict):
        yield f"{where}: {row!r} is not a {kind.__name__}"
        return
    fields = get_type_hints(kind, include_extras=True)
    for name, declared in fields.items():
        optional = get_origin(declared) is NotRequired
        if name in row:
            yield from misfits(row[name], get_args(declared)[0] if optional else declared, f"{where}.{name}")
        elif not optional:
            yield f"{where}: a {kind.__name__} has no {name}"
    yield from (f"{where}: a {kind.__name__} has {name}" for name in row.keys() - fields.keys() - SETTINGS)


def test_a_misfit_is_found_wherever_it_is():
    frame = get_type_hints(DeliveryFrame)
    assert list(misfits({"hops": 1, "keys": ["a", 2]}, frame["event"]))
    assert list(misfits(5, str | None)) == [": 5 is not of type <class 'str'>"]


class Checked:
    """A session that compares each answer with what its call declares."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.seen: set[str] = set()

    async def call(self, method: str, arguments: Mapping[str, Any], body: bytes = b"", /) -> Any:
        answer = await self._session.call(method, arguments, body)
        declared = get_type_hints(getattr(KernelPort, method))["return"]
        assert list(misfits(answer, declared, method)) == []
        if answer:
            self.seen.add(method)
        return answer


@pytest.fixture
async def server() -> AsyncIterator[LocalServer]:
    server = LocalServer()
    await server.start()
    yield server
    await server.stop()


async def test_each_call_answers_with_the_rows_that_it_declares(server):
    handed_over: asyncio.Queue[DeliveryFrame] = asyncio.Queue()
    session = Session(
        HubAddress(server.url, server.token),
        id="1" * 36,
        notebook="a.ipynb",
        on_delivery=handed_over.put_nowait,
        on_revoked=lambda _name: None,
        on_discarded=lambda _number, _error: None,
    )
    await session.open()
    checked = Checked(session)
    try:
        await _use(session_port(checked), server, handed_over)
    finally:
        await session.close()
    rows = {
        name
        for name, call in CALLS.items()
        if str(call.signature.return_annotation) not in ("None", "Any", "bytes", "bool")
    }
    assert rows - checked.seen <= {"scan_folders"}


async def _use(hub: KernelPort, server: LocalServer, handed_over: asyncio.Queue[DeliveryFrame]) -> None:
    await hub.put_secret("partner", "bearer", "an example, 1234")
    await hub.get_secrets()
    await hub.open_secret("partner")
    hook = await hub.put_webhook({"eventKey": "lead.created", "payloadType": "raw", "handshake": "graph"})
    await _call(server, hook["uuid"], params={"validationToken": "t"})
    await hub.get_webhooks()
    await hub.get_handshake(hook["uuid"])
    await hub.write_file("letters/a.txt", b"hello")
    await hub.save_file("b.txt", await hub.put_content(b"hello", name="b.txt", content_type="text/plain"))
    await hub.read_files("letters/a.txt")
    await hub.read_files("letters")
    await hub.list_files("/", recursive=True)
    await hub.copy_file("b.txt", "copies")
    await hub.make_folder("new")
    await hub.move_file("b.txt", "moved")
    await hub.receive_webhook(hook["uuid"], {"order": 17})
    await hub.register_listener("lead", "lead.created")
    await hub.list_listeners()
    await hub.event_mappings()
    await hub.watch_events()
    await _call(server, hook["uuid"], content=b"[1]")
    await _call(server, hook["uuid"], data={"name": "Ada"}, files={"cv": ("cv.txt", b"me")})
    for row in await hub.list_results():
        await hub.ping_result(row["correlationId"])
        await hub.get_result(row["correlationId"])
    await hub.send_event("lead.created", {"a": 1})
    failed = {"status": "failed", "error": ParameterError("no", line=3).to_json()}
    for outcome in ({"status": "succeeded"}, failed):
        frame = await handed_over.get()
        assert list(misfits(frame, DeliveryFrame)) == []
        end = {"delivery": frame["delivery"], "lease": frame["lease"], "steps": [STEP.to_json()], **outcome}
        await hub.finish_deliveries([end])
    await hub.read_steps(frame["delivery"])
    await hub.list_runs("lead")
    await hub.list_failed()
    await hub.discard_delivery((await handed_over.get())["delivery"], reason="for a test")
    await hub.complete_result(row["correlationId"], 7)
    await hub.cancel_result(row["correlationId"])
    await hub.webhook_logs(hook["uuid"])
    event = (await hub.list_events())["events"][-1]["id"]
    await hub.read_event(event)
    await hub.next_event("lead.created", since=0)
    await hub.replay_event(event)
    await hub.put_webhook({"uuid": hook["uuid"], "maxPayloadLength": 1})
    await _call(server, hook["uuid"], content=b"[1]")
    await hub.webhook_logs(hook["uuid"], refused=True)
    await hub.list_refused()
    await hub.rotate_webhook(hook["uuid"], overlap=60)
    await hub.delete_webhook(hook["uuid"])
    await _use_what_is_kept(hub)
    await _use_endpoint(hub, event)
    await hub.describe()
    await hub.status()


async def _use_what_is_kept(hub: KernelPort) -> None:
    await hub.put_property(PATH, {"value": "Ada", "tags": {"team": "sales"}})
    await hub.get_property(PATH)
    await hub.list_properties("**")
    await hub.list_properties("**", values=False)
    reference = await hub.put_content(b"me", name="cv.txt", content_type="text/plain")
    await hub.put_attachment(PATH, "cv.txt", reference)
    await hub.list_attachments(PATH)
    await hub.copy_property(PATH, "global/app/demo/copy")
    await hub.move_property("global/app/demo/copy", "global/app/demo/moved")
    await hub.delete_properties("global/app/demo/moved")
    await hub.put_property(
        "global/app/demo/greet", {"value": "pipeline: [{datetime: {}}]", "type": "application/yaml;type=pipeline"}
    )
    await hub.read_pipeline("global/app/demo/greet")
    job = {"value": "pipeline: [{job: DAILY}, {datetime: {}}]", "type": "application/yaml;type=pipeline"}
    await hub.put_property("global/app/demo/tidy", job)
    await hub.list_jobs()
    await hub.put_cached("rate", 1.1, seconds=60)
    await hub.list_cached()
    await hub.get_cached("rate")


async def _use_endpoint(hub: KernelPort, event: str) -> None:
    endpoint = (await hub.put_endpoint({"url": "https://nowhere.invalid/", "eventKey": "other"}))["id"]
    await hub.get_endpoints()
    await hub.test_endpoint(endpoint)
    await hub.endpoint_secret(endpoint)
    await hub.rotate_endpoint(endpoint, overlap=1)
    await hub.replay_endpoint(endpoint, event_id=event)
    async with asyncio.timeout(10):
        while not (await hub.endpoint_logs(endpoint))[0]["attempts"]:
            await asyncio.sleep(0.01)
    await hub.delete_endpoint(endpoint)


async def _call(server: LocalServer, uuid: str, **request: Any) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        await client.post(f"{server.url}/api/v3/command/webhook.receive", headers={"token": uuid}, **request)
