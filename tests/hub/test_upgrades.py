"""Databases of every earlier version become today's: whole or not at all, also those that a killed upgrade left half done."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from itertools import takewhile
from pathlib import Path

import pytest

from pfnb.exceptions import StartError
from pfnb.hub.stores.sqlite.migrations import MIGRATIONS
from pfnb.hub.stores.sqlite.upgrade import KEPT_DAYS, upgrade
from tests.live.older_database import contents, half_done, older_database

NEWEST = len(MIGRATIONS)


def defines(statement: str) -> bool:
    return statement.split()[0] in ("CREATE", "ALTER")


HALF_DONE = [
    (version, done)
    for version, step in enumerate(MIGRATIONS)
    for done, _ in enumerate(takewhile(defines, step.split(";")), start=1)
]
"""A schema version, and how many statements of its next step were committed by themselves: those before it changes rows."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pfnb.sqlite"


@pytest.mark.parametrize(("version", "done"), HALF_DONE)
def test_an_upgrade_that_was_killed_after_any_statement_is_done_to_its_end(
    file: Path, tmp_path: Path, version: int, done: int
) -> None:
    straight = tmp_path / "straight.sqlite"
    for one in (file, straight):
        older_database(one, version)
    half_done(file, version, done)
    for one in (file, straight):
        upgrade(one)
    assert contents(file) == contents(straight)


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE events ADD COLUMN owner INTEGER",
        "ALTER TABLE events ADD COLUMN owner TEXT NOT NULL DEFAULT 'eve'",
        "CREATE INDEX events_listed ON events (owner_of, seq)",
        "ALTER TABLE webhooks RENAME COLUMN uuid TO id",
    ],
)
def test_what_no_version_has_made_is_refused_and_left_as_it_is(file: Path, change: str) -> None:
    older_database(file, 2)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        if "owner_of" in change:
            connection.execute("ALTER TABLE events ADD COLUMN owner_of TEXT")
        connection.execute(change)
    before = contents(file)
    with pytest.raises(StartError, match=r"pfnb\.sqlite cannot be used, since .* schema version 2: restore it"):
        upgrade(file)
    assert contents(file) == before


def test_a_statement_that_fails_leaves_the_version_as_it_was(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    older_database(file, 2)
    before = contents(file)
    broken = (*MIGRATIONS[:-1], "CREATE TABLE more (a); INSERT INTO missing VALUES (1)")
    with monkeypatch.context() as later:
        later.setattr("pfnb.hub.stores.sqlite.migrations.MIGRATIONS", broken)
        with pytest.raises(StartError, match="no such table: missing"):
            upgrade(file)
    assert contents(file) == before
    upgrade(file)


def test_deliveries_belong_to_the_owners_of_their_events_after_the_upgrade(file: Path) -> None:
    older_database(file, 4)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE events SET owner = 'eve' WHERE seq > 5")
    upgrade(file)
    with closing(sqlite3.connect(file)) as connection:
        owners = connection.execute("SELECT event_seq, owner FROM deliveries ORDER BY id").fetchall()
    assert owners == [(1, "ada"), (3, "ada"), (5, "ada"), (7, "eve"), (9, "eve")]


def test_a_database_is_copied_before_its_upgrade_with_what_only_its_journal_has(file: Path) -> None:
    older_database(file, 4)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("UPDATE events SET method = 'PATCH'")
        before = contents(file)
        upgrade(file)
    copy = file.with_name("pfnb.sqlite.schema-4")
    assert contents(copy) == before
    assert copy.stat().st_mode & 0o777 == 0o600


def test_the_copy_is_removed_by_the_first_start_after_a_week(file: Path) -> None:
    older_database(file, 4)
    upgrade(file)
    copy = file.with_name("pfnb.sqlite.schema-4")
    upgrade(file)
    assert copy.exists()
    week_ago = time.time() - KEPT_DAYS * 86_400 - 1
    os.utime(copy, (week_ago, week_ago))
    upgrade(file)
    assert not copy.exists()


def test_a_new_database_has_no_copy(file: Path) -> None:
    upgrade(file)
    assert [one.name for one in file.parent.iterdir()] == ["pfnb.sqlite"]
