"""Databases of the operator: which there are, and one bounded statement to one of them.

A connection is read only unless the operator allows more. The database itself enforces that: PostgreSQL by a read-only
transaction and a cursor, which takes one query; SQLite by opening the file read-only and by an authorizer.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pfnb.exceptions import AccessDeniedError, MissingPackageError, OutboundError, ParameterError, PayloadTooLargeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy as sa

PREFIX = "PFNB_SQL_"
WRITE = "PFNB_SQL_WRITE"
"""The environment variable with the names of connections that may write."""
MAX_SIZE = 16 * 1024 * 1024
CONNECT_SECONDS = 10
_BATCH = 500
_READS = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*(select|values|table)\b", re.IGNORECASE | re.DOTALL)
_WRITES = re.compile(r"read-?only", re.IGNORECASE)
_PRAGMAS = frozenset({"table_info", "table_xinfo", "table_list", "index_list", "index_info", "foreign_key_list"})
_FORBIDDEN = frozenset({sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH})


@dataclass(frozen=True, slots=True)
class Rows:
    """`columns` is None for a statement without rows; `count` is then how many it has changed."""

    columns: list[str] | None
    rows: list[tuple[Any, ...]]
    count: int


@dataclass(frozen=True, slots=True)
class Database:
    """`name` is in lower case, `url` one of SQLAlchemy, which may have a password."""

    name: str
    url: str = field(repr=False)
    may_write: bool

    @classmethod
    def named(cls, name: str | None, environ: Mapping[str, str]) -> Database:
        """The connection of `PFNB_SQL_<NAME>`, or the only one there is. ParameterError, which lists those there are."""
        found = {
            variable.removeprefix(PREFIX).lower(): url.strip()
            for variable, url in environ.items()
            if variable.startswith(PREFIX) and variable != WRITE and url.strip()
        }
        if name is None and len(found) == 1:
            name = next(iter(found))
        key = (name or "").lower().replace("-", "_")
        if key not in found:
            there = f"there are {', '.join(sorted(found))}" if found else "there is none"
            asked = "sql.query needs a datasource" if name is None else f'there is no datasource "{name[:60]}"'
            raise ParameterError(
                f"{asked}: {there}. The operator names one by an environment variable, such as "
                f"{PREFIX}SHOP=postgresql+psycopg://user:password@host/database or {PREFIX}SHOP=/path/shop.sqlite"
            )
        writers = {one.lower().replace("-", "_") for one in re.split(r"[\s,]+", environ.get(WRITE, ""))}
        return cls(key, found[key], key in writers)

    def query(self, statement: str, parameters: Mapping[str, Any], *, most: int, seconds: float) -> Rows:
        """Execute one statement; blocks. ParameterError for what the database refuses, AccessDeniedError for a change that is
        not allowed, OutboundError if it is away or takes too long, PayloadTooLargeError for too many rows or bytes."""
        import sqlalchemy as sa

        began = time.monotonic()
        with self._problems(seconds):
            is_reading = not self.may_write or _READS.match(statement) is not None
            engine = self._engine(is_reading=is_reading, seconds=seconds)
            try:
                with engine.connect() as connection, connection.begin():
                    options = {"stream_results": True, "max_row_buffer": _BATCH} if is_reading else {}
                    result = connection.execute(sa.text(statement), dict(parameters), execution_options=options)
                    with closing(result):
                        if not result.returns_rows:
                            return Rows(None, [], max(0, result.rowcount))
                        return Rows(list(result.keys()), _taken(result, most, began + seconds, self._late(seconds)), 0)
            finally:
                engine.dispose()

    def _engine(self, *, is_reading: bool, seconds: float) -> sa.Engine:
        import sqlalchemy as sa

        url = sa.make_url(self.url) if "://" in self.url else sa.URL.create("sqlite", database=self.url)
        kind = url.get_backend_name()
        if kind == "sqlite":
            return sa.create_engine(
                "sqlite://",
                creator=lambda: _sqlite(url.database or "", is_reading=is_reading, seconds=seconds),
                poolclass=sa.NullPool,
            )
        if kind == "postgresql" and url.get_driver_name() == "psycopg":
            settings = f"-c statement_timeout={int(seconds * 1000)} -c idle_in_transaction_session_timeout=60000"
            if is_reading:
                settings += " -c default_transaction_read_only=on"
            arguments = {"connect_timeout": CONNECT_SECONDS, "options": settings}
            engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args=arguments)
            return engine.execution_options(postgresql_readonly=True) if is_reading else engine
        if is_reading and not self.may_write:
            raise ParameterError(
                f"the datasource {self.name} cannot be made read only, as postgresql+psycopg and sqlite can: if its own user may "
                f"only read, or may write, allow it with {WRITE}={self.name}"
            )
        return sa.create_engine(url, poolclass=sa.NullPool)

    @contextmanager
    def _problems(self, seconds: float) -> Iterator[None]:
        """Errors in the database's own words, without SQLAlchemy's, which repeat values, and without the password."""
        import sqlalchemy as sa

        try:
            yield
        except sa.exc.DBAPIError as error:
            said = self._without_password(str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else "")
            if _WRITES.search(said) or said == "not authorized":
                raise AccessDeniedError(
                    f"the datasource {self.name} may only be read ({said}): its operator can allow more with {WRITE}={self.name}"
                ) from None
            if "statement timeout" in said or said == "interrupted":
                raise self._late(seconds) from None
            if isinstance(error, sa.exc.OperationalError) and not isinstance(error.orig, sqlite3.Error):
                raise OutboundError(f"the datasource {self.name} failed: {said}") from None
            raise ParameterError(f"the datasource {self.name} refuses this query: {said}") from None
        except (sa.exc.NoSuchModuleError, ImportError):
            raise MissingPackageError(
                f"the datasource {self.name} needs a driver: pip install 'pfnb[postgresql]' for postgresql+psycopg://"
            ) from None
        except ValueError:
            raise ParameterError(
                f"{PREFIX}{self.name.upper()} is no address of a database, such as those of SQLAlchemy"
            ) from None
        except (sa.exc.StatementError, sa.exc.ArgumentError) as error:
            reason = getattr(error, "orig", None) or error
            raise ParameterError(
                f"the datasource {self.name} cannot be asked: {self._without_password(str(reason).splitlines()[0])}"
            ) from None

    def _late(self, seconds: float) -> OutboundError:
        return OutboundError(f"the datasource {self.name} did not answer within {seconds:g} seconds")

    def _without_password(self, text: str) -> str:
        found = re.search(r"://[^/@\s]*?:([^@\s]+)@", self.url)
        return text if found is None else text.replace(found[1], "…")


def _taken(result: Any, most: int, deadline: float, late: OutboundError) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    size = 0
    while batch := result.fetchmany(_BATCH):
        if time.monotonic() > deadline:
            raise late
        for row in batch:
            rows.append(tuple(row))
            size += sum(len(value) if isinstance(value, str | bytes) else 16 for value in row)
        if len(rows) > most:
            raise PayloadTooLargeError(f"the query has more than {most:,} rows: add a LIMIT, or give maxRows")
        if size > MAX_SIZE:
            raise PayloadTooLargeError(f"the query's rows have more than {MAX_SIZE // 1024 // 1024} MiB: select less")
    return rows


def _sqlite(path: str, *, is_reading: bool, seconds: float) -> sqlite3.Connection:
    """A database that exists. No statement may open another file, or end the protection."""
    address = f"file:{quote(str(Path(path).absolute()))}?mode={'ro' if is_reading else 'rw'}"
    connection = sqlite3.connect(address, uri=True, timeout=seconds, check_same_thread=False)
    deadline = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > deadline, 1_000)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_SIZE)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)

    def authorize(action: int, first: str | None, second: str | None, *_: object) -> int:
        allowed = _PRAGMAS if second is not None else _PRAGMAS | {"read_uncommitted"}  # SQLAlchemy reads it
        is_pragma = action == sqlite3.SQLITE_PRAGMA and (first or "").lower() not in allowed
        is_refused = action in _FORBIDDEN or is_pragma or (second or "").lower() == "load_extension"
        return sqlite3.SQLITE_DENY if is_refused else sqlite3.SQLITE_OK

    connection.set_authorizer(authorize)
    return connection
