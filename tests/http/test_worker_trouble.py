"""A worker that fails again and again says why, where its owner looks."""

from __future__ import annotations

import asyncio
import io
import os
import signal

import pytest

from pfnb.display.listeners import listeners_bundle
from pfnb.http.server import LocalServer
from pfnb.hub.kernel_access import KernelAccess
from pfnb.hub.workers import keeper as worker
from pfnb.hub.workers import process
from pfnb.pi.main import http_client, run
from tests.hub.conftest import RecordingWorker

PIPELINE = "pipeline:\n- event.listen: {key: order.placed}\n"
TYPE = "application/yaml;type=pipeline"


async def test_the_log_and_the_list_of_pipelines_say_why_stored_pipelines_do_not_run(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(process, "MODULE", "pfnb.is_not_there")
    monkeypatch.setattr(worker, "FIRST_PAUSE", 0.01)
    server = LocalServer()
    await server.start()
    try:
        calls = KernelAccess(server.hub, RecordingWorker(), server.owner, "a.ipynb")
        await server.hub.properties.put("global/app/a", {"value": PIPELINE, "type": TYPE}, server.owner, "update")
        async with asyncio.timeout(30):
            while (trouble := server.hub.pipelines.trouble) is None:
                await asyncio.sleep(0.02)
        (listed,) = await calls.list_listeners()
        monkeypatch.setenv("PFNB_URL", server.url)
        monkeypatch.setenv("PFNB_TOKEN", server.token)
        said = io.StringIO()
        await asyncio.to_thread(run, ["status"], http_client, said)
    finally:
        await server.stop()
    assert "has failed 3 times; it ended with status 1: " in trouble
    assert "No module named pfnb.is_not_there" in trouble
    assert trouble in caplog.text
    assert listed["problem"].startswith("the worker for stored pipelines has failed")
    assert dict(line.split(maxsplit=1) for line in said.getvalue().splitlines()) == {
        "hub": server.url,
        "found": "PFNB_URL",
        "user": server.owner,
        "status": "trouble",
        "webhooks": "0",
        "listeners": "1",
        "away": "1",
        "waiting": "0",
        "problem": server.hub.pipelines.trouble,
    }
    bundle = listeners_bundle([{**listed, "runningFor": None}])
    assert all("No module named pfnb.is_not_there" in bundle[kind] for kind in ("text/plain", "text/html"))
    server.hub.workers.stored.works()
    assert server.hub.pipelines.trouble is None


async def test_workers_that_begin_and_end_again_and_again_are_trouble_until_one_is_steady(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker, "FIRST_PAUSE", 0.01)
    server = LocalServer()
    await server.start()
    try:
        await server.hub.properties.put("global/app/a", {"value": PIPELINE, "type": TYPE}, server.owner, "update")
        async with asyncio.timeout(60):
            for _ in range(worker.FEW):
                await _one_works(server)
                assert server.hub.workers.stored.pid is not None
                os.kill(server.hub.workers.stored.pid, signal.SIGKILL)
                while server.hub.dispatcher.workers("global/app/a"):
                    await asyncio.sleep(0.02)
            await _one_works(server)
            assert "has failed 3 times; it ended with status -9" in str(server.hub.pipelines.trouble)
            monkeypatch.setattr(worker, "STEADY", 0.01)
            os.kill(server.hub.workers.stored.pid, signal.SIGKILL)
            while server.hub.dispatcher.workers("global/app/a"):
                await asyncio.sleep(0.02)
            await _one_works(server)
            while server.hub.pipelines.trouble is not None:
                await asyncio.sleep(0.02)
    finally:
        await server.stop()


async def _one_works(server: LocalServer) -> None:
    while not server.hub.dispatcher.workers("global/app/a"):
        await asyncio.sleep(0.02)
