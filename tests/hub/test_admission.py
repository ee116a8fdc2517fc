"""What a webhook does not admit gets the answer of an unknown webhook; its owner sees why."""

from __future__ import annotations

import pytest

from pfnb.exceptions import ParameterError, RateLimitError
from pfnb.hub.hub import Hub
from pfnb.hub.receiving.ingest import Ingest
from pfnb.hub.receiving.request import Limits, RequestHead
from tests.hub.conftest import UUID, request


async def test_a_method_that_the_webhook_does_not_take_is_refused_and_shown_to_the_owner(hub: Hub) -> None:
    webhook = await hub.webhooks.put({"uuid": UUID, "methods": "put, Post"}, "ada")
    assert webhook.methods == ["PUT", "POST"]
    noted = hub.refusals.next()
    receipt = await hub.receive(request(b"", method="GET"))
    assert receipt.event_id == ""
    await noted
    assert (await hub.receive(request())).event_id != ""
    (row,) = hub.refusals.rows(UUID)
    assert (row["statusCode"], row["reason"]) == (
        405,
        "The method was GET, but this webhook takes only PUT, POST (methods).",
    )


async def test_methods_are_checked_when_they_are_set(hub: Hub) -> None:
    with pytest.raises(ParameterError, match="methods"):
        await hub.webhooks.put({"uuid": UUID, "methods": "FETCH"}, "ada")


@pytest.mark.parametrize(
    ("address", "may_call"),
    [
        ("10.200.0.1", True),
        ("192.0.2.7", True),
        ("::ffff:192.0.2.7", True),
        ("2001:db8::77", True),
        ("192.0.2.8", False),
        ("2001:db9::1", False),
        ("", False),
    ],
)
async def test_only_allowed_addresses_may_call(hub: Hub, address: str, may_call: bool) -> None:
    webhook = await hub.webhooks.put({"uuid": UUID, "allow": "10.0.0.0/8, 192.0.2.7 2001:db8::/32"}, "ada")
    assert webhook.allow == ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]
    noted = hub.refusals.next()
    receipt = await hub.receive(request(address=address))
    assert (receipt.event_id != "") == may_call
    if not may_call:
        await noted
        (row,) = hub.refusals.rows(UUID)
        assert (row["statusCode"], row["reason"]) == (
            403,
            f"The address was {address or 'unknown'}, which is not among those that may call (allow).",
        )


async def test_an_empty_list_of_addresses_lets_all_call_again(hub: Hub) -> None:
    await hub.webhooks.put({"uuid": UUID, "allow": ["10.0.0.1"]}, "ada")
    assert (await hub.receive(request())).event_id == ""
    await hub.webhooks.put({"uuid": UUID, "allow": ""}, "ada")
    assert (await hub.receive(request())).event_id != ""


async def test_a_second_request_is_told_that_one_is_allowed(hub: Hub) -> None:
    await hub.webhooks.put({"uuid": UUID, "rate": "1/hour"}, "ada")
    assert (await hub.receive(request())).event_id != ""
    with pytest.raises(RateLimitError, match=r"at most 1 request in 1h \(rate\)"):
        await hub.receive(request())


async def test_too_many_requests_are_told_when_to_come_again(hub: Hub) -> None:
    await hub.webhooks.put({"uuid": UUID, "rate": "2/hour"}, "ada")
    assert (await hub.receive(request())).event_id != ""
    assert (await hub.receive(request())).event_id != ""
    with pytest.raises(RateLimitError, match=r"at most 2 requests in 1h \(rate\)") as refused:
        await hub.receive(request())
    assert refused.value.status == 429
    assert 1700 < refused.value.retry_after <= 1800
    await hub.webhooks.put({"uuid": UUID, "rate": "none"}, "ada")
    assert (await hub.receive(request())).event_id != ""


async def test_who_is_not_admitted_does_not_use_up_the_rate(hub: Hub) -> None:
    await hub.webhooks.put({"uuid": UUID, "rate": "1/hour", "allow": "10.0.0.1"}, "ada")
    for _ in range(5):
        assert (await hub.receive(request())).event_id == ""
    assert (await hub.receive(request(address="10.0.0.1"))).event_id != ""


@pytest.mark.parametrize("given", [{"allow": "example.org"}, {"allow": "10.0.0.1/8"}, {"rate": "often"}])
async def test_limits_are_checked_when_they_are_set(hub: Hub, given: dict[str, str]) -> None:
    with pytest.raises(ParameterError, match=next(iter(given))):
        await hub.webhooks.put({"uuid": UUID, **given}, "ada")


async def test_a_body_in_a_file_is_removed_when_there_are_too_many_requests(hub: Hub) -> None:
    await hub.webhooks.put({"uuid": UUID, "rate": "1/hour"}, "ada")
    await hub.receive(request())
    hub.settings.bodies.mkdir(exist_ok=True)
    head = RequestHead("POST", f"uuid={UUID}", (("Content-Type", "application/json"),))
    ingest = Ingest(head, Limits(memory=10), hub.settings.bodies)
    ingest.feed(b"x" * 100)
    received = ingest.finish()
    assert received.body.path is not None
    assert received.body.path.exists()
    with pytest.raises(RateLimitError):
        await hub.receive(received)
    assert not received.body.path.exists()
