"""What a worker writes goes into the hub's log by whole lines, so that secrets are recognised, and long ones are cut."""

from __future__ import annotations

import asyncio
import logging
import sys
from asyncio.subprocess import PIPE

import pytest

from pfnb.hub.workers.process import MOST_LINE, WorkerProcess

UUID = "0b0c6a8e-6d6b-4f1e-9d5e-5b8f3f6936bd"
WRITES = f"""import sys
sys.stderr.write("x" * {MOST_LINE - 50} + " {UUID}\\n")
sys.stderr.write("y" * {MOST_LINE - 10} + " {UUID}" + "y" * 1_000_000 + "\\n\\n")
sys.stderr.write("no end")"""


async def _arrived(_session: object) -> None: ...


async def test_lines_stay_whole_and_a_cut_leaves_no_part_of_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    worker = WorkerProcess(_arrived)
    with caplog.at_level(logging.INFO, "pfnb.worker"):
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", WRITES, stderr=PIPE)
        await worker._relay(process)
        await process.wait()
    whole, cut, last = caplog.messages
    assert whole.endswith(f" {UUID}")
    assert cut == "y" * (MOST_LINE - 10) + "  … (cut)"
    assert (last, worker.last_words) == ("no end", "no end")
