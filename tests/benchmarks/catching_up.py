"""A kernel that comes back to many pending deliveries: how fast it works them off, one at a time, and what memory that takes."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path

import psutil

from pfnb.hub.home import DATABASE
from tests.benchmarks.filling import fill
from tests.benchmarks.process import Server
from tests.live.cells import run_cell
from tests.live.kernel import kernel

PENDING = 100_000
KEY = "bench.late"
SETTLED = PENDING // 10
"""Deliveries after which the processes have all the memory that they need."""
LOOK_SECONDS = 0.5
LISTENING = f"""import pfnb
seen = []
@pfnb.command("bench.note", anonymous=True)
async def note(body):
    seen.append(body["payload"]["order"])
get_ipython().run_cell_magic("pipeline", "late", "pipeline:\\n  - event.listen: {{eventKey: {KEY}}}\\n  - bench.note:\\n")
"""
CHECKED = f"assert seen == list(range(1, {PENDING} + 1)), 'the sequence is another'"


@dataclass(frozen=True)
class CatchingUp:
    """Deliveries a second; bytes by which hub and kernel grew after the first tenth."""

    per_second: float
    hub: int
    kernel: int


def measured(
    hub: Callable[[], AbstractContextManager[Server]], folder: Path, environment: Mapping[str, str], log: Path
) -> CatchingUp:
    """`hub` starts one with its data in `folder`, and `environment` names its token."""
    with hub() as server, kernel(_named(environment, server), log) as (_, client):
        run_cell(client, LISTENING)
    with closing(sqlite3.connect(folder / DATABASE)) as database:
        (owner,) = database.execute("SELECT owner FROM listeners").fetchone()
    fill(folder, count=PENDING, owner=owner, key=KEY, listener="late", status="pending")
    with hub() as server, kernel(_named(environment, server), log) as (manager, client):
        run_cell(client, LISTENING)
        process = psutil.Process(manager.provisioner.pid)
        began, first = time.monotonic(), _left(folder)
        while _left(folder) > PENDING - SETTLED:
            time.sleep(LOOK_SECONDS)
        before = server.memory(), process.memory_info().rss
        while _left(folder):
            time.sleep(LOOK_SECONDS)
        seconds = time.monotonic() - began
        after = server.memory(), process.memory_info().rss
        run_cell(client, CHECKED)
    return CatchingUp(first / seconds, after[0] - before[0], after[1] - before[1])


def _named(environment: Mapping[str, str], server: Server) -> dict[str, str]:
    return {**environment, "PFNB_URL": server.url, "PFNB_NOTEBOOK": "late.ipynb"}


def _left(folder: Path) -> int:
    with closing(sqlite3.connect(f"file:{folder / DATABASE}?mode=ro", uri=True)) as database:
        (left,) = database.execute(
            "SELECT count(*) FROM deliveries WHERE listener = 'late' AND status = 'pending'"
        ).fetchone()
    return int(left)
