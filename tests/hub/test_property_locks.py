"""Locks of properties, and the trash bin, in memory and in a database."""

from __future__ import annotations

from typing import Any

import pytest

from pfnb.exceptions import LockedError, NotFoundError, ParameterError
from pfnb.hub.home import Home, HubOptions
from pfnb.hub.hub import Hub
from pfnb.hub.records.property import Lock, Property
from pfnb.language.port import SYSTEM_NAME

PATH = "global/app/demo/config"
PIPELINE = {
    "value": "pipeline:\n  - event.listen: {key: order}\n  - log: hi\n",
    "type": "application/yaml;type=pipeline",
}


async def put(hub: Hub, path: str = PATH, roles: Any = (), **fields: Any) -> Property:
    return (await hub.properties.put(path, fields, "ada", "update", roles=roles))[1]


async def test_a_global_lock_stops_every_change_until_it_is_removed(hub):
    await put(hub, value="a")
    locked = await put(hub, lock={"details": "end of year"})
    assert locked.to_json()["locked"] is True
    assert (locked.lock.type, locked.lock.details) == ("global", "end of year")
    changes = [
        lambda: put(hub, value="b"),
        lambda: put(hub, addTags={"a": "b"}),
        lambda: put(hub, lock={"type": "user"}),
        lambda: hub.properties.delete(PATH, "ada"),
        lambda: hub.properties.delete("global/app/demo/**", "ada"),
        lambda: hub.properties.move(PATH, "global/app/demo/other", "ada"),
        lambda: hub.attachments.delete(PATH, "file", "ada"),
    ]
    for change in changes:
        with pytest.raises(LockedError, match=r"config is locked \(global\).*property\.lock\.remove"):
            await change()
    await put(hub, "global/app/demo/other", value="c")
    with pytest.raises(LockedError):
        await hub.properties.copy("global/app/demo/other", PATH, "ada")
    assert (await hub.properties.get(PATH, "ada")).value == "a"
    assert (await put(hub, lock=None)).lock is None
    assert (await put(hub, value="b")).value == "b"


async def test_a_lock_admits_whom_it_names(hub):
    for number, (lock, mine) in enumerate(
        [
            ({"type": "user"}, True),
            ({"type": "user", "name": "bob"}, False),
            ({"type": "role", "name": "ROLE_SUPPORT"}, True),
            ({"type": "role", "name": "ROLE_SALES"}, False),
            ({"type": "namespace"}, True),
            ({"type": "namespace", "name": "elsewhere"}, False),
        ]
    ):
        path = f"{PATH}/{number}"
        await put(hub, path, value=1, lock=lock)
        if mine:
            assert (await put(hub, path, ["ROLE_SUPPORT"], value=2)).value == "2"
        else:
            with pytest.raises(LockedError):
                await put(hub, path, ["ROLE_SUPPORT"], value=2)
        assert (await put(hub, path, ["ROLE_SYSTEM"], value=3)).value == "3"
    assert Lock(1, "global").admits(SYSTEM_NAME, (), "default")


@pytest.mark.parametrize(
    ("lock", "message"),
    [
        ({"type": "mine"}, "must be one of user, role"),
        ({"type": "role"}, "needs the role's name"),
        ({"type": "group", "name": "Sales"}, "lock it for a role"),
        ({"ttl": -1}, "from 1 to"),
        ({"ttl": "soon"}, "from 1 to"),
        ({"details": ["a"]}, "at most 500 characters"),
        ("mine", "must be a map"),
    ],
)
async def test_a_wrong_lock_is_refused_and_changes_nothing(hub, lock, message):
    await put(hub, value="a")
    with pytest.raises(ParameterError, match=message):
        await put(hub, value="b", lock=lock)
    found = await hub.properties.get(PATH, "ada")
    assert (found.value, found.lock) == ("a", None)


async def test_a_lock_ends_and_what_is_in_the_trash_bin_is_deleted(hub, monkeypatch):
    time = hub.properties._now()
    monkeypatch.setattr(hub.properties, "_now", lambda: time)
    await put(hub, value="a", lock={"ttl": 1000})
    await put(hub, "global/thrown", value="a", lock={"type": "trash", "ttl": 1000})
    time += 999
    with pytest.raises(LockedError):
        await put(hub, value="b")
    with pytest.raises(LockedError, match="is in the trash bin"):
        await put(hub, "global/thrown", value="b")
    time += 1
    assert (await hub.properties.get(PATH, "ada")).lock is None
    assert (await put(hub, value="b")).value == "b"
    with pytest.raises(NotFoundError):
        await hub.properties.get("global/thrown", "ada")
    await hub.properties.sweep()
    assert [one.path for one in await hub.store.properties.below("/")] == [f"/pipeforce/default/{PATH}"]


async def test_what_is_in_the_trash_bin_is_hidden_from_lists(hub):
    await put(hub, value="a", lock={"type": "trash"})
    assert await hub.properties.find("**", "ada") == [] == await hub.properties.listing(PATH, "ada")
    (found,) = await hub.properties.find("**", "ada", trashed=True)
    assert found == await hub.properties.get(PATH, "ada")
    assert found.to_json()["trashed"] is True
    with pytest.raises(LockedError):
        await hub.properties.delete(PATH, "ada")
    await hub.properties.delete("**", "ada", confirmed=True)
    await put(hub, lock=None)
    assert [one.value for one in await hub.properties.find("**", "ada")] == ["a"]


async def test_a_pipeline_in_the_trash_bin_does_not_listen_and_no_event_can_put_it_there(hub):
    path = "global/app/demo/pipeline/orders"
    await put(hub, path, **PIPELINE)
    assert hub.listeners.find(path) is not None
    with pytest.raises(ParameterError, match="is a pipeline"):
        await hub.properties.put(path, {"lock": {"type": "trash"}}, "ada", "update", as_data=True)
    await put(hub, path, lock={"type": "trash"})
    assert hub.listeners.find(path) is None
    await put(hub, path, lock=None)
    assert hub.listeners.find(path) is not None


async def test_a_lock_is_kept_over_a_restart_and_goes_with_its_owner(tmp_path):
    home = Home(HubOptions(tmp_path, owner="ada"))
    await home.open()
    await put(home.hub, value="a")
    lock = (await put(home.hub, lock={"type": "role", "name": "ROLE_SUPPORT", "ttl": 60_000_000})).lock
    await put(home.hub, "global/thrown", value="b", lock={"type": "trash"})
    await home.close()
    home = Home(HubOptions(tmp_path, owner="ada"))
    await home.open()
    assert (await home.hub.properties.get(PATH, "ada")).lock == lock
    await home.hub.properties.delete("**", "ada", confirmed=True, locked=True)
    assert await home.hub.store.properties.below("/") == []
    await home.close()
