"""Webhooks are created, updated, found and deleted by their owner alone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pfnb.exceptions import AccessDeniedError, NotFoundError, ParameterError, PayloadTooLargeError
from pfnb.hub.access import HubAccess
from pfnb.hub.home import Home, HubOptions
from pfnb.hub.hub import Hub
from pfnb.hub.receiving.request import Limits
from pfnb.language.port import User
from pfnb.language.roles import EVERYTHING
from tests.hub.conftest import UUID, request

OTHER = "11111111-2222-4333-8444-555555555555"


async def test_put_without_uuid_creates_each_time(hub: Hub) -> None:
    first = await hub.webhooks.put({"eventKey": "order.placed"}, "ada")
    second = await hub.webhooks.put({"eventKey": "order.placed"}, "ada")
    assert first.uuid != second.uuid
    assert (first.payload_type, first.max_payload_length, first.active) == ("base64", 25 * 1024 * 1024, True)


async def test_put_with_a_known_uuid_changes_only_what_is_given(hub: Hub) -> None:
    changed = await hub.webhooks.put({"uuid": UUID.upper(), "maxPayloadLength": 10}, "ada")
    assert (changed.uuid, changed.event_key, changed.max_payload_length) == (UUID, "order.placed", 10)
    with pytest.raises(PayloadTooLargeError):
        await hub.receive(request(b"x" * 11, content_type="text/plain"))


async def test_put_with_a_new_uuid_creates_that_one(hub: Hub) -> None:
    assert (await hub.webhooks.put({"uuid": OTHER, "eventKey": "a.b"}, "ada")).uuid == OTHER


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"eventKey": "order placed"}, "not a valid event key"),
        ({"eventKey": "order.*"}, "not a valid event key"),
        ({"eventKey": "a.b", "uuid": "hello"}, "RFC 4122"),
        ({"eventKey": "a.b", "payloadType": "json"}, "'base64', 'raw', 'outbound' or 'ignore', not 'json'"),
        ({"eventKey": "a.b", "maxPayloadLength": "much"}, "maxPayloadLength must be a size .*25MB, 512kB"),
        ({}, "needs eventKey"),
    ],
)
async def test_wrong_words_are_refused_with_what_is_allowed(hub: Hub, fields: dict[str, object], says: str) -> None:
    with pytest.raises(ParameterError, match=says):
        await hub.webhooks.put(fields, "ada")


async def test_a_webhook_is_its_owners_alone(hub: Hub) -> None:
    with pytest.raises(AccessDeniedError):
        await hub.webhooks.put({"uuid": UUID, "eventKey": "a.b"}, "eve")
    with pytest.raises(NotFoundError):
        await hub.webhooks.delete(UUID, "eve")
    assert hub.webhooks.list("eve") == []


async def test_deleted_and_deactivated_webhooks_are_received_like_unknown_ones(hub: Hub) -> None:
    await hub.webhooks.put({"uuid": UUID, "active": False}, "ada")
    assert (await hub.receive(request())).event_id == ""
    await hub.webhooks.delete(UUID, "ada")
    assert (await hub.receive(request())).event_id == ""
    with pytest.raises(NotFoundError):
        hub.webhooks.get(UUID, "ada")


async def test_a_received_event_is_counted_at_its_webhook(hub: Hub) -> None:
    receipt = await hub.receive(request())
    assert hub.webhooks.get(UUID, "ada").received == 0  # the caller has its answer first
    await asyncio.sleep(0)
    webhook = hub.webhooks.get(UUID, "ada")
    assert (webhook.received, webhook.last_received) == (1, receipt.created)
    assert receipt.trace_id.startswith("6936bd:")


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("http://127.0.0.1:8888/pfnb", False),
        ("http://localhost:8888/pfnb", False),
        ("http://[::1]:8888/pfnb", False),
        ("https://hooks.example.org/pfnb", False),
        ("http://hooks.example.org/pfnb", True),
        ("http://10.0.0.7:8888/pfnb", True),
    ],
)
async def test_an_address_that_others_can_listen_in_on_is_warned_of(hub: Hub, url: str, warned: bool) -> None:
    shown = await HubAccess(hub, User("ada", EVERYTHING), url).put_webhook({"eventKey": "a.b"})
    assert ("warning" in shown) is warned
    assert shown["webhookUrl"] == f"{url}/api/v3/command/webhook.receive?uuid={shown['uuid']}"


async def test_a_uuid_is_masked_in_what_python_shows(hub: Hub) -> None:
    assert repr(hub.webhooks.get(UUID, "ada")) == "Webhook(…6936bd, 'order.placed')"


async def test_a_rotated_webhook_works_under_both_uuids_until_the_overlap_is_over(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = await hub.webhooks.rotate(UUID, "ada", overlap=60)
    assert (new.event_key, new.payload_type, new.active, new.expires) == ("order.placed", "raw", True, None)
    assert (await hub.receive(request())).event_id
    assert (await hub.receive(request(uuid=new.uuid))).event_id
    later = hub.webhooks.get(UUID, "ada").expires
    monkeypatch.setattr(hub.webhooks, "_now", lambda: later)
    assert (await hub.receive(request())).event_id == ""
    assert (await hub.receive(request(uuid=new.uuid))).event_id
    assert not hub.webhooks.get(UUID, "ada").active


async def test_a_webhook_is_rotated_by_its_owner_and_once(hub: Hub) -> None:
    with pytest.raises(NotFoundError):
        await hub.webhooks.rotate(UUID, "eve", overlap=60)
    await hub.webhooks.rotate(UUID, "ada", overlap=60)
    with pytest.raises(ParameterError, match="rotate the new one"):
        await hub.webhooks.rotate(UUID, "ada", overlap=60)


async def test_a_rotation_survives_a_restart_and_is_taken_back_by_activating_again(tmp_path: Path) -> None:
    home = Home(HubOptions(tmp_path))
    await home.open()
    await home.hub.webhooks.put({"uuid": UUID, "eventKey": "a.b"}, "ada")
    new = await home.hub.webhooks.rotate(UUID, "ada", overlap=0)
    await home.close()
    again = Home(HubOptions(tmp_path))
    await again.open()
    try:
        assert [again.hub.webhooks.get(uuid, "ada").active for uuid in (UUID, new.uuid)] == [False, True]
        assert (await again.hub.webhooks.put({"uuid": UUID, "active": True}, "ada")).expires is None
        assert (await again.hub.receive(request())).event_id
    finally:
        await again.close()


async def test_a_limit_over_the_hubs_own_is_kept_with_a_warning_that_says_how_to_raise_that(hub: Hub) -> None:
    access = HubAccess(hub, User("ada", EVERYTHING), "http://127.0.0.1:1")
    made = await access.put_webhook({"eventKey": "a.mail", "maxPayloadLength": "30MB"})
    assert made["maxPayloadLength"] == 30 * 1024**2
    assert "the hub itself accepts 25MB at most" in made["warning"]
    assert "--max-payload" in made["warning"]
    assert "warning" not in await access.put_webhook({"uuid": made["uuid"], "maxPayloadLength": "25MB"})


def test_the_limits_of_a_hub_are_flags_or_variables() -> None:
    assert Limits.chosen({}) == Limits()
    assert Limits.chosen({"PFNB_MAX_PAYLOAD": "100MB"}).webhook == 100 * 1024**2
    chosen = Limits.chosen({"PFNB_MAX_PAYLOAD": "1MB"}, {"max_payload": "30MB", "webhook_payload": "500kB"})
    assert (chosen.hard, chosen.webhook) == (30 * 1024**2, 512_000)
    with pytest.raises(ParameterError, match="raise max_payload, too"):
        Limits.chosen({}, {"webhook_payload": "26MB"})
