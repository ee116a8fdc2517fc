"""Other systems get this hub's events: signed, until they take them, and each at its own pace."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import trustme
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from pfnb.exceptions import AccessDeniedError, NotFoundError, ParameterError
from pfnb.hub.access import HubAccess
from pfnb.hub.causation import HOPS, MAX_CHAIN
from pfnb.hub.clock import DAY, now
from pfnb.hub.home import Home, HubOptions
from pfnb.hub.hub import Hub
from pfnb.hub.outgoing import sender
from pfnb.hub.records.delivery import Outcome
from pfnb.hub.records.endpoint import STANDARD, Endpoint
from pfnb.language.port import User
from pfnb.language.retry import Schedule
from tests.hub.conftest import RecordingWorker, listener, request
from tests.outbound.conftest import Got, Partner, partner, receiving

__all__ = ["partner"]

pytestmark = pytest.mark.usefixtures("allowed")
AT_ONCE = Schedule((0.001,) * 7, jitter=0)
LATER = Schedule((3600,) * 7, jitter=0)


@pytest.fixture
def allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PFNB_ALLOW_TARGETS", "127.0.0.1,localhost")


def access_of(hub: Hub, user: str = "ada") -> HubAccess:
    hub.users.uuid_of(user)
    return HubAccess(hub, User(user), "http://127.0.0.1:1/pfnb")


@pytest.fixture
def access(hub: Hub) -> HubAccess:
    return access_of(hub)


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)


async def logged(access: HubAccess, endpoint: str, status: str) -> dict[str, Any]:
    """The newest event at this endpoint, once it has this status."""
    async with asyncio.timeout(10):
        while True:
            rows = await access.endpoint_logs(endpoint)
            if rows and rows[0]["status"] == status:
                return dict(rows[0])
            await asyncio.sleep(0.005)


async def fails(access: HubAccess, endpoint: str, attempts: int = 1) -> None:
    """Wait until this many attempts of the newest event have failed."""
    async with asyncio.timeout(10):
        while len((await access.endpoint_logs(endpoint))[0]["attempts"]) < attempts:
            await asyncio.sleep(0.005)


async def placed(hub: Hub, payload: Any = None, key: str = "order.placed", owner: str = "ada") -> str:
    return (await hub.send(key, payload, owner=owner)).id


async def put(access: HubAccess, partner: Partner, **fields: Any) -> str:
    given = {"url": f"{partner.url}/events?key=k", "eventKey": "order.*", **fields}
    return (await access.put_endpoint(given))["id"]


def verified(got: Got, secret: str) -> Any:
    headers = {name.lower(): value for name, value in got.headers.get_all()}
    return Webhook(secret).verify(got.body, headers)


async def test_an_event_is_sent_as_standard_webhooks_has_it_and_its_signature_holds(
    hub: Hub, access: HubAccess, partner: Partner
) -> None:
    endpoint = await put(access, partner, headers={"X-Mine": "1", "Webhook-Id": "mine", "USER-AGENT": "shop"})
    event = await hub.send("order.placed", {"name": "Zoë"}, owner="ada")
    row = await logged(access, endpoint, "succeeded")
    [got] = partner.got
    secret = (await access.endpoint_secret(endpoint))["secret"]
    sent = verified(got, secret)
    assert (sent["type"], sent["data"]) == ("order.placed", {"name": "Zoë"})
    assert sent["timestamp"].startswith("20")
    assert sent["timestamp"].endswith("Z")
    assert (got.method, got.path, got.headers["X-Mine"]) == ("POST", "/events", "1")
    assert got.headers["Content-Type"] == "application/json"
    assert got.headers.get_list("User-Agent") == ["shop"]
    assert got.headers.get_list("webhook-id") == [row["messageId"]]
    assert (row["eventId"], row["eventKey"]) == (event.id, "order.placed")
    [attempt] = row["attempts"]
    assert (attempt["statusCode"], attempt["error"]) == (200, None)
    with pytest.raises(WebhookVerificationError):
        verified(got, "whsec_" + "A" * 32)


async def test_only_its_owners_events_of_its_key_are_sent(hub: Hub, access: HubAccess, partner: Partner) -> None:
    await put(access, partner)
    await placed(hub, 1, key="order.placed.twice")
    await placed(hub, 2, owner="eve")
    await placed(hub, 3)
    await until(lambda: partner.got)
    assert [json.loads(got.body)["data"] for got in partner.got] == [3]


async def test_what_a_webhook_receives_is_sent_on_as_it_came(hub: Hub, access: HubAccess, partner: Partner) -> None:
    await put(access, partner, format="original")
    body = b"name;price\r\nZo\xeb;1\r\n"
    await hub.receive(request(body, content_type="text/csv; charset=latin-1"))
    await until(lambda: partner.got)
    [got] = partner.got
    assert (got.body, got.headers["Content-Type"]) == (body, "text/csv; charset=latin-1")


async def test_a_large_body_is_sent_whole(hub: Hub, access: HubAccess, partner: Partner) -> None:
    await put(access, partner, format="original")
    body = b"x" * 3_000_000
    await hub.receive(request(body, content_type="text/plain"))
    await until(lambda: partner.got)
    assert partner.got[0].body == body


async def test_the_event_object_has_no_codes_that_this_hub_would_take_for_genuine(
    hub: Hub, access: HubAccess, partner: Partner
) -> None:
    await put(access, partner, format="event")
    await hub.receive(request(b"\x00\xff", content_type="application/octet-stream"))
    await until(lambda: partner.got)
    sent = json.loads(partner.got[0].body)
    assert (sent["eventKey"], sent["payload"]["contentLength"]) == ("order.placed", 2)
    assert b"hmac-" not in partner.got[0].body


@pytest.mark.parametrize("format_", ["standard", "event", "original"])
async def test_an_own_event_has_no_codes_that_this_hub_would_take_for_genuine(
    hub: Hub, access: HubAccess, partner: Partner, format_: str
) -> None:
    await put(access, partner, format=format_)
    file = "$uri:attachment:" + hub.reference_codes.signed(hub.contents.put("ada", b"mine"), "ada")
    await placed(hub, {"file": {"content": file}})
    await until(lambda: partner.got)
    assert b"$uri:attachment:" in partner.got[0].body
    assert b"hmac-" not in partner.got[0].body


async def test_a_filter_decides_which_events_are_sent(hub: Hub, access: HubAccess, partner: Partner) -> None:
    endpoint = await put(access, partner, filter="body.payload.total > 100")
    for total in (7, 700):
        await placed(hub, {"total": total})
    await logged(access, endpoint, "succeeded")
    assert [json.loads(got.body)["data"] for got in partner.got] == [{"total": 700}]
    rows = await access.endpoint_logs(endpoint)
    assert [(row["status"], len(row["attempts"])) for row in rows] == [("succeeded", 1), ("succeeded", 0)]
    with pytest.raises(ParameterError, match="filter"):
        await put(access, partner, filter="body.payload.total >")


async def test_it_is_sent_again_until_it_is_taken_with_the_same_id(
    hub: Hub, access: HubAccess, partner: Partner
) -> None:
    hub.endpoints.schedule = AT_ONCE
    endpoint = await put(access, partner)
    partner.answers = [(500, {}, b"no"), (302, {"Location": "http://127.0.0.1/elsewhere"}, b""), (404, {}, b"")]
    await placed(hub, 1)
    row = await logged(access, endpoint, "succeeded")
    assert [attempt["statusCode"] for attempt in row["attempts"]] == [500, 302, 404, 200]
    assert "answered 500 Internal Server Error: no" in row["attempts"][0]["error"]
    assert "redirects are not followed" in row["attempts"][1]["error"]
    assert {got.headers["webhook-id"] for got in partner.got} == {row["messageId"]}
    assert len(partner.got) == 4


def test_the_schedule_is_the_published_one() -> None:
    one = Endpoint("ep", "ada", 1, 1, "https://example.org", "order.*").listener(STANDARD)
    failed = Outcome(succeeded=False, error={})
    pauses = [5, 300, 1800, 7200, 18_000, 36_000, 36_000]
    for attempt, pause in enumerate(pauses, start=1):
        status, at = one.end_of(failed, attempt, 0)
        assert status == "pending"
        assert at is not None
        assert pause * 1000 <= at <= 1200 * pause
    assert one.end_of(failed, 8, 0) == ("dead", None)
    assert len({one.end_of(failed, 1, 0)[1] for _ in range(20)}) > 1


async def test_after_the_last_attempt_the_delivery_is_dead_and_can_be_replayed(
    hub: Hub, access: HubAccess, partner: Partner
) -> None:
    hub.endpoints.schedule = AT_ONCE
    endpoint = await put(access, partner)
    partner.answers = [(503, {}, b"")] * 8
    began = now()
    event = await placed(hub, 1)
    assert len((await logged(access, endpoint, "dead"))["attempts"]) == 8
    assert [row["listener"] for row in await access.list_failed()] == [f"endpoint:{endpoint}"]
    assert await access.replay_endpoint(endpoint, since=now() + 1000) == {"replayed": 0}
    assert await access.replay_endpoint(endpoint, since=began) == {"replayed": 1}
    await logged(access, endpoint, "succeeded")
    assert await access.replay_endpoint(endpoint, since=began) == {"replayed": 0}
    assert await access.replay_endpoint(endpoint, event_id=event) == {"replayed": 1}
    await until(lambda: len(partner.got) == 10)
    assert len({got.headers["webhook-id"] for got in partner.got}) == 1
    with pytest.raises(NotFoundError):
        await access.replay_endpoint(endpoint, event_id="nothing")


async def test_a_receiver_that_asks_for_a_pause_gets_it(hub: Hub, access: HubAccess, partner: Partner) -> None:
    hub.endpoints.schedule = AT_ONCE
    endpoint = await put(access, partner)
    partner.answers = [(429, {"Retry-After": "3600"}, b"")]
    await placed(hub, 1)
    await fails(access, endpoint)
    [row] = await access.endpoint_logs(endpoint)
    assert row["nextAttempt"] is not None
    assert 3500_000 < row["nextAttempt"] - now() <= 3600_000


async def test_other_events_wait_too_while_a_receiver_rests(
    hub: Hub, access: HubAccess, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "MOST_REST", 0.3)
    hub.endpoints.schedule = LATER
    await put(access, partner)
    partner.answers = [(503, {"Retry-After": "9"}, b"")]
    await placed(hub, 1)
    await until(lambda: partner.got)
    began = now()
    await asyncio.sleep(0.05)  # the answer has arrived
    await placed(hub, 2)
    await until(lambda: len(partner.got) == 2)
    assert now() - began >= 250


async def test_gone_switches_it_off_at_once_and_its_owner_is_told(
    hub: Hub, access: HubAccess, partner: Partner
) -> None:
    worker = RecordingWorker()
    await hub.register(listener("told", pattern="webhook.endpoint.disabled"), worker, replace=False)
    endpoint = await put(access, partner)
    partner.answers = [(410, {}, b"")]
    await placed(hub, 1)
    job = await worker.next()
    told = json.loads(await hub.store.events.body(job.event.id))
    assert (told["id"], told["eventKey"], told["reason"]) == (endpoint, "order.*", "its receiver answered 410 Gone")
    assert (await logged(access, endpoint, "dead"))["attempts"][0]["statusCode"] == 410
    [row] = await access.get_endpoints(endpoint=endpoint)
    assert (row["active"], row["disabled"]) == (False, "its receiver answered 410 Gone")
    assert (await access.status())["problems"] == [f"the endpoint {endpoint} was switched off: {row['disabled']}"]
    await placed(hub, 2)
    with pytest.raises(ParameterError, match="switched off"):
        await access.replay_endpoint(endpoint, since=0)
    assert len(partner.got) == 1
    await put(access, partner, active=True)
    await placed(hub, 3)
    await until(lambda: len(partner.got) == 2)
    [row] = await access.get_endpoints(endpoint=endpoint)
    assert (row["active"], row["disabled"]) == (True, None)


async def test_one_that_has_failed_for_five_days_is_switched_off(hub: Hub, access: HubAccess, partner: Partner) -> None:
    worker = RecordingWorker()
    await hub.register(listener("told", pattern="webhook.endpoint.disabled"), worker, replace=False)
    endpoint = await put(access, partner)
    began = now() - 6 * DAY
    for hours in range(0, 5 * 24, 12):
        await hub.endpoints.failed(endpoint, began + hours * DAY // 24)
    [row] = await access.get_endpoints(endpoint=endpoint)
    assert (row["active"], row["failingSince"]) == (True, began)
    await hub.endpoints.failed(endpoint, began + 5 * DAY)
    [row] = await access.get_endpoints(endpoint=endpoint)
    assert not row["active"]
    assert "every attempt has failed since" in str(row["disabled"])
    await worker.next()


async def test_a_success_ends_the_failure_and_a_hub_that_was_off_does_not_count(
    hub: Hub, access: HubAccess, partner: Partner
) -> None:
    endpoint = await put(access, partner)
    began = now() - 60 * DAY
    for days in (0, 1, 2, 3, 4):
        await hub.endpoints.failed(endpoint, began + days * DAY)
    await hub.endpoints.succeeded(endpoint)
    for days in (10, 20, 30, 40):  # each pause counts one day: there was nothing to send, or nobody to send it
        await hub.endpoints.failed(endpoint, began + days * DAY)
    [row] = await access.get_endpoints(endpoint=endpoint)
    assert (row["active"], row["failingSince"]) == (True, began + 10 * DAY)


async def test_a_rotated_secret_and_the_former_one_sign_until_the_overlap_ends(
    hub: Hub, access: HubAccess, partner: Partner
) -> None:
    endpoint = await put(access, partner)
    former = (await access.endpoint_secret(endpoint))["secret"]
    row = await access.rotate_endpoint(endpoint, overlap=3600)
    assert 3500_000 < (row["formerSecretUntil"] or 0) - now() <= 3600_000
    current = (await access.endpoint_secret(endpoint))["secret"]
    assert current != former
    await placed(hub, 1)
    await until(lambda: partner.got)
    assert verified(partner.got[0], former) == verified(partner.got[0], current)
    await access.rotate_endpoint(endpoint, overlap=0)
    await placed(hub, 2)
    await until(lambda: len(partner.got) == 2)
    verified(partner.got[1], (await access.endpoint_secret(endpoint))["secret"])
    with pytest.raises(WebhookVerificationError):
        verified(partner.got[1], current)


async def test_a_receiver_that_hangs_delays_no_other_and_no_caller(
    hub: Hub, access: HubAccess, partner: Partner
) -> None:
    partner.silent = asyncio.Event()
    for number in range(20):
        await access.put_endpoint({"url": f"{partner.url}/hangs/{number}", "eventKey": "order.*", "concurrency": 1})
    worker = RecordingWorker()
    await hub.register(listener("lead"), worker, replace=False)
    async with asyncio.timeout(5):
        await hub.receive(request())
        await worker.next()
    await until(lambda: len(partner.got) == 20)


async def test_those_that_fail_share_a_few_places_and_leave_the_others_alone(
    hub: Hub, access: HubAccess, partner: Partner
) -> None:
    hub.endpoints.schedule = AT_ONCE
    for number in range(sender.FAILING_AT_ONCE + 4):
        await access.put_endpoint({"url": f"{partner.url}/hangs/{number}", "eventKey": "bad", "concurrency": 1})
    partner.answers = [(500, {}, b"")] * (sender.FAILING_AT_ONCE + 4)
    await placed(hub, 1, key="bad")
    await until(lambda: len(partner.got) >= sender.FAILING_AT_ONCE + 4)
    partner.silent = asyncio.Event()
    await placed(hub, 2, key="bad")
    begun = len(partner.got)
    await put(access, partner, eventKey="good")
    await placed(hub, 3, key="good")
    await until(lambda: any(got.path == "/events" for got in partner.got))
    assert sum("hangs" in got.path for got in partner.got[begun:]) <= sender.FAILING_AT_ONCE


async def test_a_silent_receiver_has_failed_after_the_time_it_may_take(
    hub: Hub, access: HubAccess, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "SECONDS", 0.05)
    hub.endpoints.schedule = LATER
    partner.silent = asyncio.Event()
    endpoint = await put(access, partner)
    await placed(hub, 1)
    await fails(access, endpoint)
    [row] = await access.endpoint_logs(endpoint)
    assert row["attempts"][0]["error"] == f"{partner.url} did not answer within 0.05 seconds"
    async with asyncio.timeout(10):
        while (shown := (await access.get_endpoints(endpoint=endpoint))[0])["failingSince"] is None:
            await asyncio.sleep(0.005)
    assert (shown["waiting"], shown["failingSince"]) == (1, row["attempts"][0]["created"])


async def test_over_https_the_certificate_must_be_trusted_and_be_for_the_name(
    hub: Hub, access: HubAccess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.endpoints.schedule = LATER
    authority = trustme.CA()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    async with receiving(tls) as partner:
        url = partner.url.replace("http:", "https:")
        trusted = await put(access, partner, url=url)
        other_name = await put(access, partner, url=url.replace("127.0.0.1", "localhost"))
        assert "CERTIFICATE_VERIFY_FAILED" in ((await access.test_endpoint(trusted))["error"] or "")
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        assert "CERTIFICATE_VERIFY_FAILED" in ((await access.test_endpoint(other_name))["error"] or "")
        assert partner.got == []
        assert (await access.test_endpoint(trusted))["statusCode"] == 200
        verified(partner.got[0], (await access.endpoint_secret(trusted))["secret"])


async def test_many_events_wait_in_the_store_and_not_in_memory(hub: Hub, access: HubAccess, partner: Partner) -> None:
    await put(access, partner)
    partner.silent = asyncio.Event()
    for _ in range(6):
        await asyncio.gather(*(placed(hub, number) for number in range(100)))
    await until(lambda: len(partner.got) == 8)
    [feed] = hub.dispatcher._feeds.values()
    assert len(feed.held) == 8
    assert len(feed.backlog._ready) <= 300
    partner.silent.set()
    await until(lambda: len(partner.got) == 600)
    assert len({got.headers["webhook-id"] for got in partner.got}) == 600


async def endless(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(1000):
        writer.write(b"ffff\r\n" + b"x" * 0xFFFF + b"\r\n")
        await writer.drain()


async def nonsense(writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x00\xff\r\n\r\n" * 10)


async def endless_head(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(10_000):
        writer.write(b"X-%d: %b\r\n" % (number, b"x" * 1000))
        await writer.drain()


async def nothing(writer: asyncio.StreamWriter) -> None:
    pass


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (endless, 200, "xxx"),
        (nonsense, None, "cannot be reached"),
        (endless_head, None, "cannot be reached"),
        (nothing, None, "cannot be reached"),
    ],
)
async def test_whatever_a_receiver_answers_little_of_it_is_kept(
    access: HubAccess, answer: Callable[[asyncio.StreamWriter], Awaitable[None]], status: int | None, said: str
) -> None:
    async def hostile(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await reader.read(1000)
            await answer(writer)
        writer.close()

    server = await asyncio.start_server(hostile, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    endpoint = (await access.put_endpoint({"url": url, "eventKey": "order.*"}))["id"]
    attempt = await access.test_endpoint(endpoint)
    assert attempt["statusCode"] == status
    assert said in attempt["answer"] + (attempt["error"] or "")
    assert len(json.dumps(attempt)) < 1000
    server.close()


async def test_forbidden_addresses_are_refused_when_it_is_put_and_at_each_attempt(
    hub: Hub, access: HubAccess, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.endpoints.schedule = LATER
    endpoint = await put(access, partner)
    monkeypatch.setenv("PFNB_ALLOW_TARGETS", "")
    with pytest.raises(AccessDeniedError, match="PFNB_ALLOW_TARGETS"):
        await put(access, partner, url="http://169.254.169.254/latest")
    await placed(hub, 1)
    await fails(access, endpoint)
    [row] = await access.endpoint_logs(endpoint)
    assert "is not a public address" in (row["attempts"][0]["error"] or "")
    assert partner.got == []


async def test_a_loop_through_a_webhook_of_the_same_hub_ends(hub: Hub, access: HubAccess, partner: Partner) -> None:
    hub.endpoints.schedule = AT_ONCE
    endpoint = await put(access, partner)
    await hub.receive(request())
    while len(partner.got) < MAX_CHAIN:
        seen = len(partner.got)
        await until(lambda seen=seen: len(partner.got) > seen)
        back = request(partner.got[-1].body)
        back.headers[HOPS] = partner.got[-1].headers[HOPS]
        await hub.receive(back)
    row = await logged(access, endpoint, "dead")
    assert f"{MAX_CHAIN + 1} events led to it" in row["attempts"][0]["error"]
    assert len(partner.got) == MAX_CHAIN
    assert (await access.get_endpoints())[0]["failingSince"] is None


async def test_a_caller_who_waits_gets_the_pipelines_answer_and_does_not_wait_for_endpoints(
    hub: Hub, access: HubAccess, partner: Partner
) -> None:
    partner.silent = asyncio.Event()
    await put(access, partner)
    assert (await hub.receive(request(), wait=True)).answer is None
    worker = RecordingWorker()
    await hub.register(listener("lead"), worker, replace=False)
    receipt = await hub.receive(request(), wait=True)
    job = await worker.next()
    await hub.dispatcher.finish(job.delivery.id, job.lease, Outcome(succeeded=True, value=7))
    assert receipt.answer is not None
    outcome = await asyncio.wait_for(receipt.answer, 5)
    assert outcome is not None
    assert outcome.value == 7


async def test_replaying_an_event_to_pipelines_sends_nothing_to_others(
    hub: Hub, access: HubAccess, partner: Partner
) -> None:
    await put(access, partner)
    await hub.register(listener("lead"), RecordingWorker(), replace=False)
    event = await placed(hub, 1)
    await until(lambda: partner.got)
    assert [one.listener for one in await hub.replay(event, "ada")] == ["lead"]


async def test_while_it_is_off_events_wait_and_when_it_is_deleted_they_are_dead(
    hub: Hub, access: HubAccess, partner: Partner
) -> None:
    hub.endpoints.schedule = LATER
    endpoint = await put(access, partner)
    partner.answers = [(500, {}, b"")]
    event = await placed(hub, 1)
    await fails(access, endpoint)
    await put(access, partner, active=False)
    await placed(hub, 2)  # not for it
    [row] = await access.get_endpoints(endpoint=endpoint)
    assert (row["active"], row["waiting"]) == (False, 1)
    assert (await access.delete_endpoint(endpoint))["deleted"]
    (delivery,) = (await hub.store.deliveries.of_events([event]))[event]
    assert delivery.status == "dead"
    with pytest.raises(NotFoundError):
        await access.endpoint_secret(endpoint)
    assert hub.secrets.names("") == []


async def test_put_changes_what_has_the_same_key_and_url_and_keeps_the_rest(
    access: HubAccess, partner: Partner
) -> None:
    first = await put(access, partner, description="shop", headers="X-A: 1, X-B: 2")
    secret = await access.endpoint_secret(first)
    assert await put(access, partner, concurrency=2) == first
    [row] = await access.get_endpoints(event_key="order.placed")
    assert (row["description"], row["headers"], row["concurrency"]) == ("shop", ["X-A", "X-B"], 2)
    assert await access.endpoint_secret(first) == secret
    assert await put(access, partner, eventKey="invoice.#") != first
    assert len(await access.get_endpoints()) == 2
    assert await access.get_endpoints(event_key="other") == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"url": "ftp://example.org"}, "https://example.org/events"),
        ({"url": "https://me:pw@example.org"}, "give them as headers"),
        ({"url": "https://"}, "https://example.org/events"),
        ({"secret": "whsec_c2hvcnQ="}, "24 to 64 bytes"),
        ({"secret": "hunter2!"}, "not base64"),
        ({"eventKey": "order..x"}, "event key or pattern"),
        ({"headers": {"Host": "x"}}, "cannot be set"),
        ({"headers": {"X-A": "a\r\nb"}}, "line breaks"),
        ({"format": "xml"}, "format"),
        ({"concurrency": 0}, "concurrency"),
        ({"unknown": 1}, "unknown"),
        ({"filter": "1 +"}, "filter"),
    ],
)
async def test_wrong_settings_are_refused_and_store_nothing(
    access: HubAccess, partner: Partner, wrong: dict[str, Any], said: str
) -> None:
    with pytest.raises(ParameterError, match=said):
        await put(access, partner, **wrong)
    assert await access.get_endpoints() == []


async def test_nobody_reaches_the_endpoints_of_others(hub: Hub, access: HubAccess, partner: Partner) -> None:
    endpoint = await put(access, partner)
    others = access_of(hub, "eve")
    assert await others.get_endpoints() == []
    calls = (
        others.get_endpoints(endpoint=endpoint), others.delete_endpoint(endpoint), others.endpoint_secret(endpoint),
        others.rotate_endpoint(endpoint, overlap=0), others.endpoint_logs(endpoint), others.test_endpoint(endpoint),
        others.replay_endpoint(endpoint, since=0), others.put_endpoint({"endpoint": endpoint, "active": False}),
    )  # fmt: skip
    for call in calls:
        with pytest.raises(NotFoundError):
            await call
    assert (await access.get_endpoints())[0]["active"]


async def test_a_test_message_says_at_once_what_is_answered(access: HubAccess, partner: Partner) -> None:
    endpoint = await put(access, partner, headers={"X-Mine": "of-the-shop"})
    partner.answers = [(401, {}, b"who are you? token=abcdefgh12345678 X-Mine=of-the-shop"), (200, {}, b"\xff\x00ok")]
    refused = await access.test_endpoint(endpoint)
    assert refused["statusCode"] == 401
    assert "who are you?" in refused["answer"]
    assert not any(secret in json.dumps(refused) for secret in ("abcdefgh12345678", "of-the-shop"))
    taken = await access.test_endpoint(endpoint)
    assert (taken["statusCode"], taken["error"]) == (200, None)
    sent = verified(partner.got[1], (await access.endpoint_secret(endpoint))["secret"])
    assert sent["type"] == "webhook.endpoint.test"


async def test_neither_secret_nor_header_is_in_what_is_listed_or_stored_in_plain(
    hub: Hub, access: HubAccess, partner: Partner
) -> None:
    endpoint = await put(access, partner, headers={"Authorization": "Bearer s3cret-of-the-shop"})
    secret = (await access.endpoint_secret(endpoint))["secret"]
    await placed(hub, 1)
    await logged(access, endpoint, "succeeded")
    shown = json.dumps([await access.get_endpoints(), await access.endpoint_logs(endpoint), repr(hub.secrets)])
    assert secret not in shown
    assert "s3cret" not in shown
    assert "key=k" not in json.dumps(await access.endpoint_logs(endpoint))
    assert partner.got[0].headers["Authorization"] == "Bearer s3cret-of-the-shop"


async def test_a_user_who_goes_leaves_endpoints_switched_off_to_another(
    hub: Hub, access: HubAccess, partner: Partner
) -> None:
    endpoint = await put(access, partner)
    belongings = hub._belongings()
    assert await belongings.any("ada")
    await belongings.hand_over("ada", "bob")
    [row] = await access_of(hub, "bob").get_endpoints()
    assert (row["id"], row["owner"], row["active"]) == (endpoint, "bob", False)
    assert await access.get_endpoints() == []
    await placed(hub, 1, owner="bob")
    await access_of(hub, "bob").put_endpoint({"endpoint": endpoint, "active": True})
    await placed(hub, 2, owner="bob")
    await until(lambda: partner.got)
    assert [json.loads(got.body)["data"] for got in partner.got] == [2]
    await belongings.remove("bob")
    assert await access_of(hub, "bob").get_endpoints() == []


async def test_it_is_no_pipeline_to_anybody(hub: Hub, access: HubAccess, partner: Partner) -> None:
    endpoint = await put(access, partner, eventKey="order.placed")
    assert await access.event_mappings() == []
    assert (await access.status())["listeners"] == 0
    hub.listeners.check_key("order.placed", "eve")
    with pytest.raises(NotFoundError):
        hub.listeners.get(f"endpoint:{endpoint}")


async def test_endpoints_and_what_waits_for_them_outlive_the_hub(
    tmp_path: Path, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pfnb.hub.outgoing.endpoints.STANDARD", LATER)
    home = Home(HubOptions(tmp_path / "hub"))
    await home.open()
    endpoint = await put(access_of(home.hub), partner, headers={"X-A": "1"})
    partner.answers = [(500, {}, b"")]
    await placed(home.hub, 1)
    await fails(access_of(home.hub), endpoint)
    secret = (await access_of(home.hub).endpoint_secret(endpoint))["secret"]
    await home.close()
    monkeypatch.setattr("pfnb.hub.outgoing.endpoints.STANDARD", AT_ONCE)
    home = Home(HubOptions(tmp_path / "hub"))
    await home.open()
    await placed(home.hub, 2)
    await until(lambda: len(partner.got) == 2)
    assert json.loads(partner.got[1].body)["data"] == 2
    assert partner.got[1].headers["X-A"] == "1"
    verified(partner.got[1], secret)
    [_, first] = await access_of(home.hub).endpoint_logs(endpoint)
    assert (first["status"], len(first["attempts"])) == ("pending", 1)
    await home.close()
