"""The property store, in memory and in a database: what is kept where, whose it is, and the events that tell of it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from pfnb.exceptions import AccessDeniedError, NameTakenError, NotFoundError, ParameterError, PayloadTooLargeError
from pfnb.hub.home import Home, HubOptions
from pfnb.hub.hub import Hub
from pfnb.hub.records.property import MINUTE, Property
from pfnb.hub.stores.changes import PropertyChange
from tests.hub.conftest import RecordingWorker, listener

PATH = "global/app/demo/config"
WHOLE = f"/pipeforce/default/{PATH}"


async def put(hub: Hub, path: str = PATH, *, owner: str = "ada", exists: Any = "update", **fields: Any) -> Property:
    return (await hub.properties.put(path, fields, owner, exists))[1]


async def listening(hub: Hub, pattern: str = "property.*") -> RecordingWorker:
    worker = RecordingWorker()
    await hub.register(listener("watcher", pattern=pattern, concurrency=64), worker, replace=False)
    return worker


async def told(hub: Hub, worker: RecordingWorker) -> tuple[str, Any, Any]:
    job = await worker.next()
    payload = json.loads(await hub.store.events.body(job.event.id))
    return job.event.event_key, payload["origin"], payload["target"]


async def test_what_was_put_is_there(hub):
    made = await put(hub, value={"a": [1, "ä"]}, tags={"team": "sales"}, timeToLive=5, defaultValue="x")
    assert made.to_json() == {
        "path": WHOLE,
        "key": WHOLE,
        "uuid": made.uuid,
        "value": '{"a": [1, "ä"]}',
        "defaultValue": "x",
        "type": "application/json",
        "created": made.created,
        "updated": None,
        "timeToLive": 5,
        "tags": {"team": "sales"},
        "locked": False,
        "trashed": False,
        "lock": None,
    }
    assert await hub.properties.get(PATH, "ada") == made
    assert await hub.properties.get(WHOLE, "ada") == made
    with pytest.raises(NotFoundError, match="global/app/demo/other"):
        await hub.properties.get("global/app/demo/other", "ada")


async def test_an_update_changes_what_is_given_and_nothing_else(hub):
    made = await put(hub, value="text", tags={"a": "b"})
    assert made.type is None
    updated = await put(hub, type="application/yaml;type=form")
    assert (updated.uuid, updated.value, updated.tags, updated.type) == (
        made.uuid, "text", {"a": "b"}, "application/yaml;type=form",
    )  # fmt: skip
    assert updated.updated is not None
    assert (await put(hub, value=None)).value is None
    assert await put(hub, exists="skip", value="no") == await hub.properties.get(PATH, "ada")
    with pytest.raises(NameTakenError, match=PATH):
        await put(hub, exists="error", value="no")


async def test_every_change_is_told_with_what_was_there_before(hub):
    worker = await listening(hub)
    first = await put(hub, value="1")
    assert await told(hub, worker) == ("property.created", None, first.to_json())
    second = await put(hub, value="2")
    assert await told(hub, worker) == ("property.updated", first.to_json(), second.to_json())
    copy = await hub.properties.copy(PATH, "global/app/demo/copy", "ada")
    assert await told(hub, worker) == ("property.copied", second.to_json(), copy.to_json())
    moved = await hub.properties.move(PATH, "global/app/demo/moved", "ada")
    assert await told(hub, worker) == ("property.moved", WHOLE, "/pipeforce/default/global/app/demo/moved")
    assert (moved.uuid, moved.created, moved.value) == (first.uuid, first.created, "2")
    assert await hub.properties.delete("global/app/demo/moved", "ada") == [moved]
    assert await told(hub, worker) == ("property.deleted", moved.to_json(), None)
    assert await hub.properties.find("global/app/demo/**", "ada") == [copy]
    event = (await hub.store.events.since(0, 1))[0]
    assert (event.owner, event.event_key) == ("ada", "property.created")


async def test_a_copy_replaces_what_is_there_and_a_move_does_not(hub):
    origin = await put(hub, value="new")
    there = await put(hub, "global/app/demo/there", value="old")
    with pytest.raises(NameTakenError, match="global/app/demo/there"):
        await hub.properties.move(PATH, "global/app/demo/there", "ada")
    copy = await hub.properties.copy(PATH, "global/app/demo/there", "ada")
    assert (copy.uuid, copy.created, copy.value) == (there.uuid, there.created, origin.value)


async def test_properties_are_found_by_pattern_in_the_order_of_their_paths(hub):
    for name in ("b/pipeline/x", "a/pipeline/y", "a/pipeline/x/z", "a/form/x"):
        await put(hub, f"global/app/{name}", value=name)
    found = await hub.properties.find("global/app/*/pipeline/*", "ada")
    assert [one.value for one in found] == ["a/pipeline/y", "b/pipeline/x"]
    assert len(await hub.properties.find("**", "ada")) == 4
    assert await hub.properties.find("global/app/nothing", "ada") == []


async def test_deleting_what_could_be_everything_wants_to_be_confirmed(hub):
    await put(hub, value="1")
    await put(hub, "global/app/other/x", value="2")
    for pattern in ("**", "*/**", "global/**", "*/app/demo/config"):
        with pytest.raises(ParameterError, match="yes: true"):
            await hub.properties.delete(pattern, "ada")
    assert len(await hub.properties.delete("global/app/demo/**", "ada")) == 1
    assert len(await hub.properties.delete("**", "ada", confirmed=True)) == 1
    assert await hub.properties.delete(PATH, "ada") == []


async def test_many_are_deleted_each_with_its_event(hub):
    many = [Property(f"/pipeforce/default/a/b/{n:04}", f"u{n}", "ada", 1) for n in range(1200)]
    await hub.store.properties.change(PropertyChange(many), [])
    assert len(await hub.properties.delete("a/b/*", "ada")) == 1200
    assert len(await hub.store.events.since(0, 2000)) == 1200


async def test_somebody_elses_properties_are_theirs(hub):
    await put(hub, value="mine")
    for act in (
        hub.properties.get(PATH, "eve"),
        put(hub, owner="eve", value="hers"),
        hub.properties.delete(PATH, "eve"),
        hub.properties.copy(PATH, "x/y", "eve"),
        hub.properties.move(PATH, "x/y", "eve"),
    ):
        with pytest.raises(AccessDeniedError, match="does not belong to eve"):
            await act
    assert await hub.properties.find("**", "eve") == []
    assert await hub.properties.delete("**", "eve", confirmed=True) == []
    await put(hub, "x/y", owner="eve", value="hers")
    with pytest.raises(AccessDeniedError):
        await hub.properties.copy(PATH, "x/y", "ada")


async def test_what_has_outlived_its_time_is_gone_and_makes_room(hub, monkeypatch):
    made = await put(hub, value="old", timeToLive=1)
    await put(hub, "global/app/demo/other", value="1", timeToLive=1)
    later = made.created + 2 * MINUTE
    monkeypatch.setattr(hub.properties, "_now", lambda: later)
    with pytest.raises(NotFoundError):
        await hub.properties.get(PATH, "ada")
    assert await hub.properties.find("global/**", "ada") == []
    worker = await listening(hub)
    again = await put(hub, value="new")
    assert again.uuid != made.uuid
    assert (await told(hub, worker))[0] == "property.created"
    await hub.properties.sweep()
    assert (await told(hub, worker))[0] == "property.deleted"
    assert [one.value for one in await hub.store.properties.below("")] == ["new"]


async def test_changes_at_the_same_time_follow_each_other(hub):
    worker = await listening(hub)
    await asyncio.gather(*(put(hub, value=str(n)) for n in range(20)))
    before = None
    for _ in range(20):
        _, origin, target = await told(hub, worker)
        assert (origin and origin["value"]) == before
        before = target["value"]
    assert (await hub.properties.get(PATH, "ada")).value == before


@pytest.mark.parametrize(
    ("fields", "error", "said"),
    [
        ({"value": "x" * 1_048_577}, PayloadTooLargeError, "store it as an attachment"),
        ({"value": float("nan")}, ParameterError, "neither a text nor JSON"),
        ({"type": "pipeline"}, ParameterError, "application/yaml;type=pipeline"),
        ({"type": "text/plain\n<script>"}, ParameterError, "mime type"),
        ({"timeToLive": -1}, ParameterError, "from 0 to"),
        ({"tags": {"": "x"}}, ParameterError, "tags"),
    ],
)
async def test_what_cannot_be_kept_is_refused(hub, fields, error, said):
    with pytest.raises(error, match=said):
        await put(hub, **fields)
    assert await hub.properties.find("**", "ada") == []


async def test_properties_outlive_the_hub(tmp_path):
    for value in (None, "kept"):
        home = Home(HubOptions(tmp_path / "hub"))
        await home.open()
        if value is None:
            made = await put(home.hub, value="kept", tags={"a": "b"})
        else:
            assert await home.hub.properties.get(PATH, "ada") == made
        await home.close()
