"""Threads that do not keep the process from ending."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import Context
from functools import partial
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class DaemonThreads(ThreadPoolExecutor):
    """An executor of daemon threads.

    The base class joins its threads when the interpreter ends, so that one stuck step would keep a kernel from shutting down;
    and it then accepts no more work, which closing a hub needs. asyncio requires a subclass of it.
    """

    def __init__(self, most: int, name: str) -> None:
        super().__init__(most)
        self._most = most
        self._name = name
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._started = 0
        self._closed = False
        self._lock = threading.Lock()

    def submit(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """See `Executor.submit`. RuntimeError after `shutdown`."""
        future: Future[T] = Future()
        with self._lock:
            if self._closed:
                raise RuntimeError("pfnb was unloaded: its threads accept no more work")
            self._work.put(partial(_run, future, partial(function, *args, **kwargs)))
            if not self._idle.acquire(blocking=False) and self._started < self._most:
                self._started += 1
                thread = threading.Thread(target=self._serve, name=f"{self._name}-{self._started}", daemon=True)
                # In an empty context: the thread serves others, too, and each call brings its own.
                Context().run(thread.start)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002 - nothing is waited for
        """Take no more work; each thread ends with what it is doing, or with what is queued."""
        with self._lock:
            self._closed = True
            for _ in range(self._started):
                self._work.put(None)

    def _serve(self) -> None:
        while (work := self._work.get()) is not None:
            work()
            del work  # else the result would stay alive until the next call
            self._idle.release()


def _run(future: Future[Any], call: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(call())
    except BaseException as error:
        # Any exception goes to the waiter; no step may end its thread.
        future.set_exception(error)
