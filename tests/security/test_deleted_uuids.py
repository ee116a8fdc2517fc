"""A uuid belongs to one webhook for ever, and a refusal to give it again tells a stranger nothing."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from pfnb.exceptions import AccessDeniedError, ParameterError
from pfnb.hub.home import Home, HubOptions
from pfnb.hub.hub import Hub
from pfnb.hub.stores.sqlite import migrations
from tests.hub.conftest import UUID, hub, request
from tests.live.older_database import older_database

__all__ = ["hub"]

AGAIN = {"uuid": UUID, "eventKey": "a.b"}


async def refusal(hub: Hub, owner: str) -> tuple[type[Exception], str]:
    with pytest.raises((AccessDeniedError, ParameterError)) as caught:
        await hub.webhooks.put(AGAIN, owner)
    return type(caught.value), str(caught.value)


async def test_a_deleted_webhooks_uuid_is_refused_to_its_owner_with_the_way_out(hub: Hub) -> None:
    await hub.webhooks.delete(UUID, "ada")
    assert await refusal(hub, "ada") == await refusal(hub, "ada")
    with pytest.raises(ParameterError, match=r"cannot be used again: omit uuid.*webhook\.rotate"):
        await hub.webhooks.put({**AGAIN, "uuid": UUID.upper()}, "ada")
    assert (await hub.receive(request())).event_id == ""


async def test_others_are_refused_in_the_same_words_whatever_became_of_it(hub: Hub) -> None:
    refusals = [await refusal(hub, "eve")]
    await hub.webhooks.put({"uuid": UUID, "active": False}, "ada")
    refusals.append(await refusal(hub, "eve"))
    await hub.webhooks.put({"uuid": UUID, "active": True}, "ada")
    new = await hub.webhooks.rotate(UUID, "ada", overlap=0)
    refusals.append(await refusal(hub, "eve"))
    await hub.webhooks.delete(UUID, "ada")
    refusals.append(await refusal(hub, "eve"))
    assert len(set(refusals)) == 1
    assert not any(word in refusals[0][1] for word in ("ada", "deleted", "belong", "exist", new.uuid))


async def test_it_stays_so_after_a_restart_and_when_all_its_events_are_gone(tmp_path: Path) -> None:
    for again in (False, True):
        home = Home(HubOptions(tmp_path))
        await home.open()
        try:
            if not again:
                await home.hub.webhooks.put(AGAIN, "ada")
                await home.hub.receive(request())
                await home.hub.webhooks.delete(UUID, "ada")
                (event,) = await home.hub.store.events.since(0, 10)
                assert await home.hub.store.events.remove([event.seq]) == 1
            with pytest.raises(ParameterError, match="cannot be used again"):
                await home.hub.webhooks.put(AGAIN, "ada")
        finally:
            await home.close()


async def test_a_webhook_that_was_deleted_before_is_known_by_its_events(tmp_path: Path) -> None:
    older_database(tmp_path / "pfnb.sqlite", migrations.MIGRATIONS.index(migrations._RETIRED))
    with sqlite3.connect(tmp_path / "pfnb.sqlite") as connection:
        connection.execute("DELETE FROM webhooks")
        connection.execute("UPDATE events SET webhook = ?", (UUID,))
    connection.close()
    await home_refuses(tmp_path)


async def home_refuses(folder: Path) -> None:
    home = Home(HubOptions(folder))
    await home.open()
    try:
        with pytest.raises(AccessDeniedError):
            await home.hub.webhooks.put(AGAIN, "eve")
        with pytest.raises(ParameterError):
            await home.hub.webhooks.put(AGAIN, "ada")
    finally:
        await home.close()


@pytest.mark.parametrize(
    "uuid",
    [
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
        "0b0c6a8e-6d6b-4f1e-0d5e-5b8f3f6936bd",
        "0b0c6a8e-6d6b-4f1e-cd5e-5b8f3f6936bd",
        "0b0c6a8e-6d6b-4f1e-ed5e-5b8f3f6936bd",
    ],
)
async def test_nil_max_and_other_variants_are_no_uuids_of_webhooks(hub: Hub, uuid: str) -> None:
    with pytest.raises(ParameterError, match="RFC 4122"):
        await hub.webhooks.put({"uuid": uuid, "eventKey": "a.b"}, "ada")


async def test_of_many_who_want_one_uuid_at_once_one_gets_it(hub: Hub) -> None:
    wanted = {"uuid": "1b0c6a8e-6d6b-4f1e-9d5e-5b8f3f6936bd", "eventKey": "a.b"}
    owners = [f"user{number}" for number in range(10)]
    results = await asyncio.gather(*(hub.webhooks.put(wanted, one) for one in owners), return_exceptions=True)
    got = [one for one in results if not isinstance(one, BaseException)]
    assert len(got) == 1
    assert sum(isinstance(one, AccessDeniedError) for one in results) == 9
    assert sum(len(hub.webhooks.list(one)) for one in owners) == 1


async def test_no_change_that_comes_at_the_same_time_brings_a_deleted_one_back(hub: Hub) -> None:
    changes = [
        hub.webhooks.delete(UUID, "ada"),
        hub.webhooks.put({"uuid": UUID, "active": True, "eventKey": "a.b"}, "ada"),
        hub.webhooks.deactivate(UUID),
        hub.webhooks.rotate(UUID, "ada", overlap=60),
    ]
    await asyncio.gather(*changes, return_exceptions=True)
    assert hub.webhooks.list("ada") == []
    assert (await hub.receive(request())).event_id == ""
