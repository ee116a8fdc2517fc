"""A database: one connection that writes, some that read, and the folder of bodies too large for a row."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from pfnb.exceptions import NotFoundError, StoreBusyError
from pfnb.hub.clock import now
from pfnb.hub.receiving.request import Body
from pfnb.hub.stores.bodies import remove_files, sweep_folder, sync_folder
from pfnb.hub.stores.sql import counters, schema
from pfnb.hub.stores.sql.dialect import Dialect, LostStoreError
from pfnb.hub.stores.sql.transaction import Transaction
from pfnb.hub.stores.sql.writer import RETRY_SECONDS, Writer
from pfnb.hub.supervision import Repeated
from pfnb.hub.troubles import os_error, takes_more

T = TypeVar("T")
log = logging.getLogger("pfnb.hub")
READERS = 4


class Database:
    """`run_group` writes several works in one transaction and returns their results in order."""

    def __init__(
        self, dialect: Dialect, bodies: Path, run_group: Callable[[Transaction, list[Any]], list[Any]]
    ) -> None:
        self.dialect = dialect
        self.engine = dialect.engine()
        self._bodies = bodies
        self._run_group = run_group
        self._numbers = dialect.numbers(0, 0)
        self._readers = ThreadPoolExecutor(READERS, "pfnb-reader")
        self._refused_reads = Repeated()
        self._writer: Writer[Any] = Writer(self._connect_to_write, self._write_group, dialect.is_away)

    async def open(self, read: Callable[[sa.Connection, int], T]) -> T:
        """Begin to write. Returns what `read` reads first; it gets the newest event's seq."""
        try:
            opened = await asyncio.to_thread(self._open, read)
        except sa.exc.DatabaseError as error:
            self.engine.dispose()
            raise self.dialect.start_error(error.orig) from None
        except OSError as error:
            self.engine.dispose()
            raise os_error(self._bodies, error) from None
        except BaseException:
            self.engine.dispose()
            raise
        self._writer.start()
        return opened

    def _open(self, read: Callable[[sa.Connection, int], T]) -> T:
        self.dialect.prepare()
        with self.engine.begin() as connection:
            last_seq = counters.last(connection, schema.events.c.seq, counters.LAST_SEQ)
            last_delivery = counters.last(connection, schema.deliveries.c.id, counters.LAST_DELIVERY)
            opened = read(connection, last_seq)
            files = set(connection.scalars(sa.union_all(*map(_body_files, (schema.events, schema.attachments)))))
        sweep_folder(self._bodies, files)
        self._numbers = self.dialect.numbers(last_seq, last_delivery)
        return opened

    async def close(self) -> None:
        await self._writer.close()
        await asyncio.to_thread(self._end_reading)

    def _end_reading(self) -> None:
        # A read whose task was cancelled still uses its connection: wait for it before all are closed.
        self._readers.shutdown()
        self.engine.dispose()

    async def is_well(self) -> bool:
        if not await asyncio.to_thread(lambda: self._is_there() and takes_more(self._bodies)):
            return False
        if self._writer.refuses:
            try:
                await self._writer.submit(counters.put(counters.TRIED, now()))
            except StoreBusyError:
                return False
        return True

    def _is_there(self) -> bool:
        try:
            self.dialect.check()
        except LostStoreError:
            return False
        return True

    def write(self, work: Any) -> Awaitable[Any]:
        """Queues the work. Its result is there once it is committed."""
        return self._writer.submit(work)

    def _connect_to_write(self) -> sa.Connection:
        return self.dialect.connect_to_write(self.engine)

    def _write_group(self, connection: sa.Connection, works: list[Any]) -> list[Any]:
        self.dialect.check()
        return self._run_group(Transaction(connection, self.dialect, self._numbers), works)

    async def read(self, read: Callable[[sa.Connection], T]) -> T:
        """StoreBusyError when the disk or the database refuses: the request is not at fault."""

        def in_thread() -> T:
            try:
                with self.engine.connect() as connection:
                    return read(connection)
            except Exception as error:
                is_missing = isinstance(error, FileNotFoundError)
                if is_missing or not (isinstance(error, OSError) or self.dialect.is_away(error)):
                    raise
                if self._refused_reads.is_due(error):
                    log.error("the store cannot read", exc_info=error)
                raise StoreBusyError("the store cannot read now; try again later", retry_after=RETRY_SECONDS) from None

        return await asyncio.get_running_loop().run_in_executor(self._readers, in_thread)

    async def sync(self, *bodies: Body) -> None:
        """Before they are named in a row. StoreBusyError when the disk refuses."""
        if all(body.path is None for body in bodies):
            return
        try:
            await asyncio.to_thread(sync_folder, self._bodies)
        except OSError as error:
            raise self._writer.refusal(error) from None

    async def remove_files(self, names: Collection[str]) -> None:
        """Remove these bodies, which no row names any more."""
        if names:
            await asyncio.to_thread(remove_files, self._bodies, names)

    def body(self, connection: sa.Connection, table: sa.Table, key: str) -> Body:
        """The body of an event or of an attachment."""
        query = sa.select(table.c.size, table.c.body, table.c.body_file).where(table.c.id == key)
        row = connection.execute(query).first()
        if row is None:
            raise NotFoundError(f"there is no {table.name.removesuffix('s')} {key}")
        return self.to_body(row)

    def to_body(self, row: sa.Row[*tuple[Any, ...]]) -> Body:
        return Body(row.size, row.body, self._bodies / row.body_file if row.body_file else None)


def _body_files(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table.c.body_file).where(table.c.body_file.is_not(None))
