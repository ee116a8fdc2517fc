"""A hub that cannot open leaves nothing open."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from pathlib import Path

import pytest

from pfnb.exceptions import StartError
from pfnb.hub.home import Home, HubOptions


async def test_a_hub_that_fails_half_way_leaves_no_thread_and_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(threading.enumerate())
    home = Home(HubOptions(tmp_path / "hub"))

    def broken(*_: object) -> None:
        raise RuntimeError("no listeners today")

    monkeypatch.setattr(home.hub.listeners, "load", broken)
    with pytest.raises(RuntimeError, match="no listeners today"):
        await home.open()
    assert {thread for thread in threading.enumerate() if "pfnb" in thread.name} <= before
    again = Home(HubOptions(tmp_path / "hub"))
    await again.open()
    await again.close()


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK])
def test_a_folder_on_a_file_system_without_locks_says_so_and_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def flock(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(StartError, match=r"hub is on a file system without locks .*--data-dir"):
        Home(HubOptions(tmp_path / "hub"))
    assert not list(tmp_path.glob("hub/*.db"))
