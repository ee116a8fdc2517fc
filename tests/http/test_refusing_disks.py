"""A disk that is full, or a folder that can only be read: callers are asked to come again, and the log says so once."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import pytest

from pfnb.http.server import LocalServer
from pfnb.hub.home import HubOptions
from tests.http.conftest import RECEIVE, UUID
from tests.live.disk import fill, small_disk

LARGE = b"x" * 200_000
CALLS = 40


@contextmanager
def full(folder: Path) -> Iterator[None]:
    ballast = fill(folder.parent)
    yield
    ballast.unlink()


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """As for somebody who has lost the right to write there: what is open already goes on."""
    for words in (("--bind", str(folder), str(folder)), ("-o", "remount,bind,ro", str(folder))):
        subprocess.run(["mount", *words], check=True)
    yield
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("fault", [full, read_only])
async def test_while_a_disk_refuses_the_hub_is_not_ready_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: Callable[[Path], AbstractContextManager[None]]
) -> None:
    with small_disk(tmp_path / "disk", "8m") as disk:
        server = LocalServer(HubOptions(disk / "hub", owner="ada"))
        await server.start()
        await server.hub.webhooks.put({"uuid": UUID, "eventKey": "order.placed"}, "ada")
        caplog.set_level(logging.INFO, "pfnb")
        async with httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
            with fault(disk / "hub"):
                assert (await http.get("/healthz")).status_code == 503
                for _ in range(CALLS):
                    answer = await http.post(RECEIVE, params={"uuid": UUID}, content=LARGE)
                    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
                small = [await http.post(RECEIVE, params={"uuid": UUID}, json={}) for _ in range(CALLS)]
                assert {answer.status_code for answer in small} <= {200, 503}
                assert (await http.get("/healthz")).status_code == 503
            assert len([one for one in caplog.records if one.name.startswith("pfnb")]) <= 3, caplog.text
            assert (await http.get("/healthz")).status_code == 200
            assert (await http.post(RECEIVE, params={"uuid": UUID}, content=LARGE)).status_code == 200
            kept = await server.hub.store.events.of_webhook(UUID, 1000, None)
            assert len(kept) == 1 + sum(answer.status_code == 200 for answer in small)
        await server.stop()
