"""`sql.query`, with real databases."""

from __future__ import annotations

import os
import sqlite3
import time
import uuid
from pathlib import Path

import pytest

from pfnb.environment import for_children, for_workers
from pfnb.exceptions import AccessDeniedError, MissingPackageError, OutboundError, ParameterError, PayloadTooLargeError
from pfnb.language import ANONYMOUS

POSTGRESQL = os.environ.get("PFNB_TEST_POSTGRESQL", "postgresql+psycopg://postgres:hunter2@127.0.0.1/postgres")


def steps(query: str, more: str = "") -> str:
    return f'pipeline:\n  - sql.query:\n      query: "{query}"\n{more}'


@pytest.fixture(autouse=True)
def only_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PFNB_SQL_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "shop #1?.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE orders (id INTEGER, customer TEXT)")
        connection.executemany("INSERT INTO orders VALUES (?, ?)", [(1, "Ada"), (2, "Bob"), (3, None)])
    connection.close()
    return path


@pytest.fixture
def sqlite(file: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PFNB_SQL_SHOP", str(file))
    return "orders"


@pytest.fixture
def postgresql(monkeypatch: pytest.MonkeyPatch):
    psycopg = pytest.importorskip("psycopg")
    address = POSTGRESQL.replace("+psycopg", "")
    try:
        connection = psycopg.connect(address, connect_timeout=2, autocommit=True)
    except psycopg.OperationalError:
        pytest.skip("there is no PostgreSQL: name one by PFNB_TEST_POSTGRESQL")
    table = f"pfnb_test_{uuid.uuid4().hex}"
    with connection:
        connection.execute(f"CREATE TABLE {table} (id INTEGER, customer TEXT)")
        connection.execute(f"INSERT INTO {table} VALUES (1, 'Ada'), (2, 'Bob'), (3, NULL)")
    monkeypatch.setenv("PFNB_SQL_SHOP", POSTGRESQL)
    yield table
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"DROP TABLE {table}")


@pytest.fixture(params=["sqlite", "postgresql"])
def table(request: pytest.FixtureRequest) -> str:
    """The name of a table of the datasource `shop`."""
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize(
    ("more", "result"),
    [
        ("", [{"id": 1, "customer": "Ada"}, {"id": 3, "customer": None}]),
        ("      columnName: none\n", [[1, "Ada"], [3, None]]),
        ("      columnName: names\n", {"data": [[1, "Ada"], [3, None]], "names": ["id", "customer"]}),
        ("      {columnName: names, dataField: rows, columnField: columns}\n", None),
    ],
)
async def test_rows_come_in_the_form_that_is_asked_for(run, table, more, result):
    if result is None:
        more = "      columnName: names\n      dataField: rows\n      columnField: columns\n"
        result = {"rows": [[1, "Ada"], [3, None]], "columns": ["id", "customer"]}
    assert (await run(steps(f"SELECT id, customer FROM {table} WHERE id <> 2 ORDER BY id", more))).body == result


async def test_values_are_bound_and_never_become_sql(run, table):
    text = steps(f"SELECT id FROM {table} WHERE customer = :name", "      params: {name: '#{body}'}\n")
    assert (await run(text, body="Ada")).body == [{"id": 1}]
    assert (await run(text, body="' OR '1'='1")).body == []
    with pytest.raises(ParameterError, match=":name must be a text"):
        await run(text, body={"a": 1})


async def test_a_computed_query_is_refused(run, table):
    with pytest.raises(ParameterError, match="cannot be computed"):
        await run(steps(f"SELECT * FROM {table} WHERE customer = '#{{body}}'"), body="x")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO {} VALUES (4, 'Eve')",
        "DELETE FROM {}",
        "DROP TABLE {}",
        "SELECT 1; DELETE FROM {}",
        "COMMIT; DELETE FROM {}",
        "SET TRANSACTION READ WRITE; DELETE FROM {}",
        "WITH gone AS (DELETE FROM {} RETURNING *) SELECT * FROM gone",
        "PRAGMA query_only = 0",
        "CREATE TABLE more (id INTEGER)",
    ],
)
async def test_nothing_is_written(run, table, statement):
    with pytest.raises((AccessDeniedError, ParameterError), match="datasource shop"):
        await run(steps(statement.format(table)))
    assert len((await run(steps(f"SELECT * FROM {table}"))).body) == 3


async def test_a_database_that_may_be_changed_is_changed(run, table, monkeypatch):
    monkeypatch.setenv("PFNB_SQL_WRITE", "other, Shop")
    insert = steps(f"INSERT INTO {table} VALUES (:id, :name)", "      params: {id: 4, name: Eve}\n")
    assert (await run(insert)).body == {"rowCount": 1}
    assert (await run(steps(f"SELECT customer FROM {table} WHERE id = 4"))).body == [{"customer": "Eve"}]
    with pytest.raises(ParameterError, match="refuses this query"):
        await run(steps(f"INSERT INTO {table} VALUES ('no number', 1, 2)"))
    assert len((await run(steps(f"SELECT * FROM {table}"))).body) == 4


async def test_too_many_rows_are_an_error_and_not_left_out(run, table):
    with pytest.raises(PayloadTooLargeError, match="more than 2 rows: add a LIMIT"):
        await run(steps(f"SELECT * FROM {table}", "      maxRows: 2\n"))


LONG = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
    "postgresql": "SELECT pg_sleep(60)",
}


@pytest.mark.parametrize("database", LONG)
async def test_a_query_that_takes_too_long_is_ended(run, request, database):
    request.getfixturevalue(database)
    began = time.monotonic()
    with pytest.raises(OutboundError, match=r"within 0\.3 seconds"):
        await run(steps(LONG[database], "      timeout: 0.3\n"))
    assert time.monotonic() - began < 20


LARGE = {
    "sqlite": "SELECT hex(zeroblob(5000000)) FROM orders, orders AS more",
    "postgresql": "SELECT repeat('x', 9000000) FROM generate_series(1, 100)",
}


@pytest.mark.parametrize("database", LARGE)
async def test_too_many_bytes_are_an_error(run, request, database):
    request.getfixturevalue(database)
    with pytest.raises(PayloadTooLargeError, match="16 MiB"):
        await run(steps(LARGE[database]))


@pytest.mark.parametrize(
    "statement", ["ATTACH DATABASE '{}/other' AS other", "SELECT load_extension('{}/x')", "PRAGMA writable_schema = 1"]
)
async def test_an_sqlite_query_opens_no_other_file(run, sqlite, tmp_path, statement):
    with pytest.raises((AccessDeniedError, ParameterError)):
        await run(steps(statement.format(tmp_path)))
    assert not (tmp_path / "other").exists()


async def test_an_sqlite_file_is_not_created(run, monkeypatch, tmp_path):
    monkeypatch.setenv("PFNB_SQL_SHOP", f"sqlite:///{tmp_path}/missing.sqlite")
    monkeypatch.setenv("PFNB_SQL_WRITE", "shop")
    with pytest.raises(ParameterError, match="unable to open"):
        await run(steps("SELECT 1"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("postgresql")
async def test_values_of_postgresql_become_json(run):
    query = "SELECT 1.5::numeric AS n, now() AS t, '{1,2}'::int[] AS l, '{\\\"a\\\": 1}'::jsonb AS j, 'x'::bytea AS b"
    (row,) = (await run(steps(query))).body
    assert (row["l"], row["j"], row["b"], float(row["n"])) == ([1, 2], {"a": 1}, b"x", 1.5)


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("postgresql+psycopg://ada:hunter2@127.0.0.1:1/shop", OutboundError),
        ("postgresql+psycopg://ada:hunter2@127.0.0.1:wrong/shop", ParameterError),
        ("nothing://ada:hunter2@host/shop", (ParameterError, MissingPackageError)),
        ("mysql+pymysql://ada:hunter2@host/shop", (ParameterError, MissingPackageError)),
    ],
)
async def test_a_database_that_cannot_be_reached_is_told_without_its_password(run, monkeypatch, url, error):
    monkeypatch.setenv("PFNB_SQL_SHOP", url)
    with pytest.raises(error, match=r"datasource shop|PFNB_SQL_SHOP") as raised:
        await run(steps("SELECT 1"))
    assert "hunter2" not in raised.value.message


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("      datasource: drive\n", 'no datasource "drive": there are other, shop'),
        ("", "needs a datasource: there are other, shop"),
        ("      datasource: shop\n      params: {name: 1}\n", None),
    ],
)
async def test_a_datasource_is_named(run, sqlite, monkeypatch, more, says):
    monkeypatch.setenv("PFNB_SQL_OTHER", "sqlite:///other")
    if says is None:
        assert (await run(steps("SELECT :name AS n", more))).body == [{"n": 1}]
        return
    with pytest.raises(ParameterError, match=says):
        await run(steps("SELECT 1", more))


@pytest.mark.parametrize("query", ["SELEC 1", "SELECT :missing", "SELECT * FROM missing"])
async def test_a_wrong_query_is_told(run, table, query):
    with pytest.raises(ParameterError, match="datasource shop"):
        await run(steps(query))


async def test_strangers_query_nothing(run, sqlite):
    with pytest.raises(AccessDeniedError):
        await run(steps("SELECT 1"), user=ANONYMOUS)


def test_only_workers_get_the_addresses_of_databases():
    environ = {"PFNB_SQL_SHOP": "postgresql+psycopg://ada:hunter2@host/shop"}
    assert (for_children(environ), for_workers(environ)) == ({}, environ)
