"""What only a store in SQLite promises, or the way it keeps its promises."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from pfnb.exceptions import BusyError, PfnbError
from pfnb.hub.stores.sql import schema
from pfnb.hub.stores.sql.store import SqlStore
from tests.hub.conftest import event, small, sqlite_store
from tests.live.older_database import older_database


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[SqlStore]:
    made = sqlite_store(tmp_path)
    await made.open()
    yield made
    await made.close()


async def test_one_write_that_fails_does_not_fail_its_neighbours(sqlite: SqlStore) -> None:
    results = await asyncio.gather(
        *(sqlite.events.add(event(number % 4), small(), []) for number in range(5)), return_exceptions=True
    )
    assert [isinstance(result, sa.exc.IntegrityError) for result in results] == [False, False, False, False, True]
    assert len(await sqlite.events.since(0, 10)) == 4


async def test_a_full_disk_is_told_as_a_reason_to_send_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = sqlite_store(tmp_path)
    sa.event.listen(
        store.database.engine, "connect", lambda connection, _: connection.execute("PRAGMA max_page_count = 60")
    )
    await store.open()
    adds = (store.events.add(event(number), small(b"x" * 8000), []) for number in range(40))
    results = await asyncio.gather(*adds, return_exceptions=True)
    refused = [result for result in results if isinstance(result, BusyError)]
    assert [one.retry_after for one in refused[:1]] == [10]
    assert "full" in caplog.text
    assert len(await store.events.since(0, 100)) == 40 - len(refused) > 0
    await store.close()


async def test_concurrent_events_share_a_commit(sqlite: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    groups = []
    run_group = sqlite.database._writer._run_group
    monkeypatch.setattr(
        sqlite.database._writer,
        "_run_group",
        lambda connection, works: groups.append(len(works)) or run_group(connection, works),
    )
    await asyncio.gather(*(sqlite.events.add(event(number), small(), []) for number in range(50)))
    assert sum(groups) == 50
    assert len(groups) < 25


async def test_unknown_requests_write_only_a_counter(sqlite: SqlStore, tmp_path: Path) -> None:
    await asyncio.gather(*(sqlite.events.count_unknown() for _ in range(3)))
    with sqlite3.connect(tmp_path / "pfnb.sqlite") as connection:
        assert connection.execute("SELECT name FROM counters WHERE value > 0").fetchall() == [("unknown_webhook",)]
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (0,)
    connection.close()


async def test_the_database_is_synced_and_for_its_owner_alone(sqlite: SqlStore, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "pfnb.sqlite").stat().st_mode) == 0o600
    with sqlite.database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL


async def test_data_of_a_newer_pfnb_is_refused(tmp_path: Path) -> None:
    store = sqlite_store(tmp_path)
    await store.open()
    await store.close()
    with sqlite3.connect(tmp_path / "pfnb.sqlite") as connection:
        connection.execute("INSERT INTO schema_version VALUES (99)")
    connection.close()
    with pytest.raises(PfnbError, match="use a newer pfnb"):
        await sqlite_store(tmp_path).open()


async def test_the_migrations_make_the_tables_and_indices_that_queries_expect(sqlite: SqlStore) -> None:
    expected = sa.create_engine("sqlite://")
    schema.metadata.create_all(expected)
    indices = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name"
    with sqlite.database.engine.connect() as connection, expected.connect() as other:
        inspector = sa.inspect(connection)
        for table in schema.metadata.tables.values():
            there = [column["name"] for column in inspector.get_columns(table.name)]
            assert there == [column.name for column in table.columns], table.name
        made, wanted = (one.exec_driver_sql(indices).all() for one in (connection, other))
        assert [(name, sql.strip()) for name, sql in made] == wanted
    expected.dispose()


async def test_events_that_had_no_owner_yet_belong_to_the_owner_the_hub_had(tmp_path: Path) -> None:
    older_database(tmp_path / "pfnb.sqlite", 2, events=2)
    with sqlite3.connect(tmp_path / "pfnb.sqlite") as connection:
        connection.execute("UPDATE events SET webhook = NULL WHERE seq = 2")
    connection.close()
    store = sqlite_store(tmp_path)
    await store.open()
    assert [one.owner for one in await store.events.since(0, 10)] == ["ada", "ada"]
    await store.close()
