"""Upgrades and first starts that are killed at random moments: the next one continues, and nothing is lost."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pfnb.hub.stores.sqlite.migrations import MIGRATIONS
from pfnb.hub.stores.sqlite.upgrade import upgrade
from tests.faults.kills import Upgrading
from tests.faults.table import Row
from tests.live.older_database import contents, older_database

EVENTS = 2_000
FIRST_START = 0
STARTS = 25
SERVE_SECONDS = 30


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("versions", "moments"),
    [((FIRST_START, 2, 8), 6), pytest.param(range(len(MIGRATIONS)), 50, marks=pytest.mark.faults)],
    ids=["some", "all"],
)
def test_an_upgrade_killed_at_any_moment_is_done_by_the_next_start(
    tmp_path: Path, record: Callable[[Row], None], versions: Sequence[int], moments: int
) -> None:
    order = random.Random(moments)
    before, straight, seconds = {}, {}, {}
    for version in versions:
        folder = tmp_path / f"{version}"
        folder.mkdir()
        older_database(folder / "older.sqlite", version, events=EVENTS)
        before[version] = contents(folder / "older.sqlite")
        file = shutil.copy(folder / "older.sqlite", folder / "straight.sqlite")
        began = time.perf_counter()
        upgrade(file)
        seconds[version] = time.perf_counter() - began
        straight[version] = contents(file)
    killed = events = 0
    for number in range(moments):
        version = versions[number % len(versions)]
        file = shutil.copy(tmp_path / f"{version}" / "older.sqlite", tmp_path / f"{number}.sqlite")
        killed += Upgrading(file).killed(order, seconds[version])
        assert contents(file) in (before[version], straight[version]), f"schema {version}, moment {number}"
        upgrade(file)
        assert contents(file) == straight[version], f"schema {version}, moment {number}"
        events += len(straight[version][1]["events"])
    record(Row(f"killed upgrades of {len(versions)} schemas", killed, events, events, events))
    assert killed >= moments / 3


@pytest.mark.faults
@pytest.mark.timeout(900)
@pytest.mark.parametrize("version", [FIRST_START, 2])
def test_a_hub_killed_at_any_moment_of_its_start_starts_again(
    tmp_path: Path, logs: Path, record: Callable[[Row], None], version: int
) -> None:
    order, events = random.Random(version), 0
    for moment in range(STARTS):
        folder = tmp_path / f"{moment}"
        folder.mkdir()
        if version != FIRST_START:
            older_database(folder / "pfnb.sqlite", version, events=EVENTS)
        log = logs / f"killed-start-{version}-{moment}.log"
        process = serve(folder, log)
        while process.poll() is None and not (folder / "pfnb.sqlite-wal").exists():
            time.sleep(0.001)
        time.sleep(order.uniform(0, 0.1))
        process.kill()
        process.communicate()
        process = serve(folder, log)
        try:
            assert process.stdout is not None
            assert "pfnb hub ready at" in process.stdout.readline(), (moment, log.read_text())
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=SERVE_SECONDS)
        if version != FIRST_START:
            assert len(contents(folder / "pfnb.sqlite")[1]["events"]) == EVENTS
            events += EVENTS
    record(
        Row(
            f"killed starts, {'a new folder' if version == FIRST_START else 'an older schema'}",
            STARTS,
            events,
            events,
            events,
        )
    )


def serve(folder: Path, log: Path) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "pfnb.cli", "serve", "--port", "0", "--token", "t", "--data-dir", str(folder)]
    with log.open("a") as said:
        return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=said, text=True)
