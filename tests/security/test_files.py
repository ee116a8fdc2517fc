"""What a hub writes is its owner's alone, whatever the umask and whoever made the folder."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import httpx
import pytest

from pfnb.hub.private import own_folder, write_private
from tests.live.served import RECEIVE, served

UUID = "0b0c6a8e-6d6b-4f1e-9d5e-5b8f3f6936bd"


def modes(folder: Path) -> dict[str, str]:
    """Of everything below a folder that somebody else could read, write or enter."""
    found = {str(path.relative_to(folder)): path.stat().st_mode for path in folder.rglob("*")}
    return {name: oct(stat.S_IMODE(mode)) for name, mode in found.items() if stat.S_IMODE(mode) & 0o077}


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_nobody_else_may_read_what_a_hub_writes(tmp_path: Path, umask: int) -> None:
    (tmp_path / "hub").mkdir(0o755)
    for name in ("pfnb.sqlite", "lock"):  # left by somebody who was careless
        (tmp_path / "hub" / name).touch(0o666)
    with served(tmp_path, before=lambda: os.umask(umask) and None) as hub:
        client = hub.client()
        client.command("webhook.put", uuid=UUID, eventKey="lead.created")
        client.close()
        body = b"x" * 200_000
        assert httpx.post(f"http://{hub.netloc}{RECEIVE}", params={"uuid": UUID}, content=body).status_code == 200
        written = {path.name for path in hub.data_dir.iterdir()}
        assert {"pfnb.sqlite", "pfnb.sqlite-wal", "lock", "serving.json", "bodies", "audit.log"} <= written
        assert len(list((hub.data_dir / "bodies").iterdir())) == 1
        assert modes(hub.data_dir) == {}


def test_folders_that_are_missing_are_made_for_the_owner_alone(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        folder = own_folder(tmp_path / "a" / "b")
        write_private(folder / "file", "text")
    finally:
        os.umask(umask)
    assert modes(tmp_path) == {}
    assert (folder / "file").read_text() == "text"
