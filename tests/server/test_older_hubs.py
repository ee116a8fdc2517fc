"""Folders of older versions are merged into the one hub: nothing is lost or doubled, also by a kill in the middle."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from pfnb.hub.access import HubAccess
from pfnb.hub.home import Home, HubOptions
from pfnb.hub.hub import Hub
from pfnb.hub.receiving.ingest import Ingest
from pfnb.hub.receiving.request import Limits, RequestHead
from pfnb.language.port import User
from pfnb.language.roles import EVERYTHING
from pfnb.server.older_hubs import merge_older_hubs
from tests.hub.conftest import RecordingWorker, listener

OWNER = User("ada", EVERYTHING)
LARGE = b'"' + b"x" * 300_000 + b'"'
log = logging.getLogger("test.older")


@asynccontextmanager
async def hub(folder: Path) -> AsyncIterator[Hub]:
    home = Home(HubOptions(folder, owner="ada"))
    await home.open()
    try:
        yield home.hub
    finally:
        await home.close()


async def fire(hub: Hub, hook: str, body: bytes) -> str:
    head = RequestHead("POST", f"uuid={hook}", (("Content-Type", "application/json"),))
    ingest = Ingest(head, Limits(), hub.settings.bodies)
    ingest.feed(body)
    return (await hub.receive(ingest.finish())).event_id


async def fill(folder: Path, mark: str) -> tuple[str, list[str]]:
    """A hub with something of everything, all of it marked: its webhook, and its events, the last two pending."""
    async with hub(folder) as filled:
        access = HubAccess(filled, OWNER, "http://hub")
        hook = (await access.put_webhook({"eventKey": "order.placed", "payloadType": "raw"}))["uuid"]
        events = [await fire(filled, hook, b'"before"')]
        worker = RecordingWorker()
        for name, notebook in (("lead", "a.ipynb"), ("audit", f"{mark}.ipynb")):
            await filled.register(listener(name, notebook), worker, replace=False)
        events += [await fire(filled, hook, f'"{mark}"'.encode()), await fire(filled, hook, LARGE)]
        await access.put_property("global/app/same", {"value": "same"})
        await access.put_property("global/app/mark", {"value": mark})
        content = await access.put_content(mark.encode(), name="a.txt", content_type="text/plain")
        await access.put_attachment("global/app/mark", "a.txt", content)
        await filled.users.create("bob", OWNER, password=None, roles=[f"CAN_PIPE_{mark}"])
        return hook, events


async def everything(folder: Path) -> dict[str, Any]:
    async with hub(folder) as merged:
        access = HubAccess(merged, OWNER, "http://hub")
        hooks = {one["uuid"]: one["received"] for one in await access.get_webhooks()}
        events = [one for hook in hooks for one in await merged.store.events.of_webhook(hook, 100, None)]
        return {
            "hooks": hooks,
            "events": {one.id: await merged.store.events.body(one.id) for one in events},
            "seqs": [one.seq for one in events],
            "pending": await merged.store.deliveries.pending_counts(),
            "properties": {one.path.split("/", 3)[3]: one.value for one in await merged.store.properties.below("/")},
            "users": {one.name: one.roles for one in merged.users.accounts()},
        }


def names_in(folder: Path) -> list[str]:
    return [one.name for one in folder.iterdir()]


async def test_everything_of_an_older_folder_is_there_afterwards(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hooks, events = zip(await fill(tmp_path / "pfnb", "MAIN"), await fill(tmp_path / "pfnb-2", "OLD"), strict=True)
    with caplog.at_level("INFO", "test.older"):
        merge_older_hubs(tmp_path / "pfnb", log)
    found = await everything(tmp_path / "pfnb")
    assert found["hooks"] == dict.fromkeys(hooks, 3)
    assert set(found["events"]) == {*events[0], *events[1]}
    assert sorted(map(len, found["events"].values())) == [5, 6, 8, 8, len(LARGE), len(LARGE)]
    assert len(set(found["seqs"])) == 6
    # The notebook of `lead` is the same one. The other pipeline waits for its own notebook, under another name.
    assert found["pending"] == {"lead": 4, "audit": 2, "audit-from-pfnb-2": 2}
    assert found["properties"]["global/app/mark"] == "MAIN"
    assert found["properties"]["global/app/mark-from-pfnb-2"] == "OLD"
    assert [name for name in found["properties"] if "same" in name] == ["global/app/same"]
    assert (found["users"]["bob"], found["users"]["bob-from-pfnb-2"]) == (("CAN_PIPE_MAIN",), ("CAN_PIPE_OLD",))
    assert "global/app/mark differs from the one" in caplog.text.replace("/pipeforce/default/", "")
    async with hub(tmp_path / "pfnb") as merged:
        old = await merged.properties.get("global/app/mark-from-pfnb-2", "ada")
        (file,) = await merged.store.properties.attachments(old.uuid)
        assert await merged.store.properties.attachment_slice(file.id, 0, 100) == b"OLD"
    assert sorted(names_in(tmp_path)) == ["pfnb", "pfnb-2.merged"]


async def test_a_merge_that_is_cut_off_before_its_end_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(tmp_path / "pfnb", "MAIN")
    await fill(tmp_path / "pfnb-2", "OLD")

    def killed(*_: object) -> None:
        raise OSError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", killed)
        with pytest.raises(OSError, match="killed"):
            merge_older_hubs(tmp_path / "pfnb", log)
    first = await everything(tmp_path / "pfnb")
    merge_older_hubs(tmp_path / "pfnb", log)
    assert await everything(tmp_path / "pfnb") == first
    assert (tmp_path / "pfnb-2.merged").is_dir()


async def test_a_folder_that_is_in_use_waits_and_others_are_left_alone(tmp_path: Path) -> None:
    await fill(tmp_path / "pfnb", "MAIN")
    (tmp_path / "pfnb-mine").mkdir()
    async with hub(tmp_path / "pfnb-3"):
        merge_older_hubs(tmp_path / "pfnb", log)
        assert (tmp_path / "pfnb-3").is_dir()
    merge_older_hubs(tmp_path / "pfnb", log)
    assert set(names_in(tmp_path)) == {"pfnb", "pfnb-3.merged", "pfnb-mine"}
