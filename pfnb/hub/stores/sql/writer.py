"""One thread does all writes. Each commit takes the writes that were queued during the commit before it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from pfnb.exceptions import StoreBusyError
from pfnb.hub.stores.sql.dialect import LostStoreError
from pfnb.hub.supervision import Repeated

log = logging.getLogger("pfnb.hub")
MAX_QUEUED = 10_000
RETRY_SECONDS = 10


Work = TypeVar("Work")


class _Queued(Generic[Work]):
    __slots__ = ("error", "future", "result", "work")

    def __init__(self, work: Work, future: asyncio.Future[Any]) -> None:
        self.work = work
        self.future = future
        self.result: Any = None
        self.error: BaseException | None = None


class Writer(Generic[Work]):
    """`run_group` writes several works in the caller's transaction and returns their results in order; `is_away` tells which of
    its errors are the database's.

    A work may be written twice: again alone, if its group failed and was rolled back.
    """

    def __init__(
        self,
        connect: Callable[[], sa.Connection],
        run_group: Callable[[sa.Connection, list[Work]], list[Any]],
        is_away: Callable[[Exception], bool],
    ) -> None:
        self._connect = connect
        self._run_group = run_group
        self._is_away = is_away
        self._queue: SimpleQueue[_Queued[Work] | None] = SimpleQueue()
        self._refused = Repeated()
        self.refuses = False
        """Whether the disk or the database refused the last write."""
        self._closing = False
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._write, daemon=True, name="pfnb-writer")
        self._thread.start()

    async def close(self) -> None:
        """Write what is queued, then end the thread."""
        self._closing = True
        self._queue.put(None)
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    def submit(self, work: Work) -> asyncio.Future[Any]:
        """A future of the work's result, done once it is committed. Call it on the loop that started the writer."""
        assert self._loop is not None, "the writer runs"
        future: asyncio.Future[Any] = self._loop.create_future()
        if self._closing:
            future.set_exception(StoreBusyError("the hub is shutting down"))
        elif self._queue.qsize() >= MAX_QUEUED:
            future.set_exception(StoreBusyError("the store cannot keep up: too many writes wait"))
        else:
            self._queue.put(_Queued(work, future))
        return future

    def _write(self) -> None:
        assert self._loop is not None, "the writer runs"
        connection = self._connect()
        try:
            while group := self._next_group():
                self._commit(connection, group)
                self._loop.call_soon_threadsafe(_acknowledge, group)
        finally:
            connection.close()

    def _next_group(self) -> list[_Queued[Work]]:
        """Everything queued, at least one work; empty at the end."""
        group: list[_Queued[Work]] = []
        queued = self._queue.get()
        while queued is not None:
            group.append(queued)
            if self._queue.empty():
                return group
            queued = self._queue.get()
        self._queue.put(None)  # end marker: earlier works are written first
        return group

    def _commit(self, connection: sa.Connection, group: list[_Queued[Work]]) -> None:
        try:
            with connection.begin():
                results = self._run_group(connection, [queued.work for queued in group])
            self.refuses = False
        except Exception as error:
            if len(group) == 1:
                group[0].error = self.refusal(error)
                return
            # One bad work must not make the others fail: write each again, alone.
            for queued in group:
                self._commit(connection, [queued])
            return
        for queued, result in zip(group, results, strict=True):
            queued.result = result

    def refusal(self, error: Exception) -> Exception:
        """A database or disk that cannot write now is not the request's fault: its sender should send it again. Thread-safe."""
        if not (isinstance(error, LostStoreError | OSError) or self._is_away(error)):
            return error
        self.refuses = True
        if self._refused.is_due(error):
            known = isinstance(error, LostStoreError)
            log.error("the store cannot write%s", f": {error}" if known else "", exc_info=None if known else error)
        return StoreBusyError("the store cannot write now; send it again later", retry_after=RETRY_SECONDS)


def _acknowledge(group: list[_Queued[Work]]) -> None:
    for queued in group:
        if queued.future.done():
            continue
        if queued.error is not None:
            queued.future.set_exception(queued.error)
        else:
            queued.future.set_result(queued.result)
