"""Heavy work of pipelines in each of their homes, and that no process for it outlives the one that it works for."""

from __future__ import annotations

import json
import os
import signal
import time
from asyncio.subprocess import Process
from pathlib import Path

import httpx
import psutil
import pytest

from tests.http.conftest import RECEIVE, UUID
from tests.integration.test_kill import serve, started
from tests.integration.test_worker import listening
from tests.kernel.conftest import LiveKernel, start_kernel
from tests.security.hostile_inputs import HOSTILE

__all__ = ["start_kernel", "started"]

SECONDS = 30.0
VALIDATE = "json.validate: {schema: {type: integer}, input: '#{body.payload}'}"
STORED = f"pipeline:\n- event.listen: {{key: order.placed}}\n- {VALIDATE}\n- body.set: valid\n"
[SLOW] = [one for one in HOSTILE if one.name == "json.validate with contains"]
RUN_SLOW = f"%%pipeline check --run\nbody: {{payload: {SLOW.content.data.decode()}}}\npipeline:\n- {SLOW.steps[0]}\n"


def workshops(parent: int) -> list[psutil.Process]:
    """The processes for heavy work below a process."""
    below = psutil.Process(parent).children(recursive=True)
    return [process for process in below if "pfnb.workshop" in process.cmdline()]


def assert_ends(processes: list[psutil.Process]) -> None:
    assert processes
    _, alive = psutil.wait_procs(processes, timeout=SECONDS)
    assert alive == []


@pytest.fixture
def kernel(start_kernel: object) -> LiveKernel:
    kernel: LiveKernel = start_kernel()  # type: ignore[operator]
    kernel.ok("%load_ext pfnb\nimport pfnb")
    return kernel


def test_a_kernel_that_is_killed_leaves_no_process_behind(kernel: LiveKernel) -> None:
    assert kernel.ok(f"%%pipeline check --run\nbody: {{payload: 1}}\npipeline:\n- {VALIDATE}\n- body.set: valid").value
    pid = kernel.manager.provisioner.pid
    [idle] = workshops(pid)
    assert "more than 1" in kernel.run(RUN_SLOW).error
    assert not idle.is_running() or idle.status() == psutil.STATUS_ZOMBIE
    [child] = workshops(pid)
    kernel.submit(RUN_SLOW)
    used, end = sum(child.cpu_times()[:2]), time.monotonic() + SECONDS
    while sum(child.cpu_times()[:2]) < used + 0.1:
        assert time.monotonic() < end, "the child got no work"
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    assert_ends([child])


def test_a_hub_in_a_kernel_takes_its_worker_and_that_ones_processes_along(kernel: LiveKernel) -> None:
    kernel.ok(f"%%pipeline valid --save global/app/demo/pipeline/valid\n{STORED}")
    kernel.ok("%webhook put eventKey=order.placed payloadType=raw")
    kernel.ok("%event send key=order.placed payload=1\n%event wait key=order.placed timeout=20")
    pid, end = kernel.manager.provisioner.pid, time.monotonic() + SECONDS
    while not workshops(pid):
        assert time.monotonic() < end, "the worker did no heavy work"
        time.sleep(0.01)
    below = psutil.Process(pid).children(recursive=True)
    assert any("pfnb.worker" in process.cmdline() for process in below)
    os.kill(pid, signal.SIGKILL)
    assert_ends(below)


async def test_a_hub_that_is_killed_and_started_again_does_heavy_work_again(
    tmp_path: Path, started: list[Process]
) -> None:
    left: list[psutil.Process] = []
    for _ in range(2):
        process, url = await serve(tmp_path / "hub")
        started.append(process)
        async with httpx.AsyncClient(trust_env=False, headers={"Authorization": "Bearer t"}, timeout=SECONDS) as client:
            await listening(client, url, STORED)
            answer = await client.post(f"{url}{RECEIVE}", params={"uuid": UUID, "wait": "true"}, json=1)
            assert json.loads(answer.content)["value"] == "valid"
        assert not any(process.is_running() for process in left)
        left = psutil.Process(process.pid).children(recursive=True)
        assert workshops(process.pid)
        process.kill()
        await process.wait()
        assert_ends(left)
