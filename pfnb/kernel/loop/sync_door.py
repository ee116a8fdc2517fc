"""The one way between a notebook's threads and the loop on which all of pfnb runs.

A background thread owns that loop, so that it keeps answering while a cell computes. To get a result from it, call `run_sync`
or await `run`. To run something on the kernel's main thread, call `call_main`.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import math
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from pfnb.exceptions import HubUnreachableError, PfnbError, WaitTimeoutError
from pfnb.kernel.loop.failures import from_own_code
from pfnb.kernel.loop.reentry import allow_reentry
from pfnb.language.daemon_threads import DaemonThreads
from pfnb.language.offload import rest

T = TypeVar("T")

_STEP_THREADS = 32
_FAREWELL = 2.0
_GLANCE = 0.5
"""Seconds after which a wait wakes up to check: it is not ended by a signal on Windows, or one that another thread caught."""


class _PrivateLoop(asyncio.SelectorEventLoop):
    """A separate class, because nest_asyncio2 patches the class of a loop: the kernel's loop must stay unpatched."""


class SyncDoor:
    """Owns the thread `pfnb-io` and its loop, from `start` to `stop`.

    `kernel_loop` is the loop of the kernel's main thread; it runs the functions given to `call_main` whenever it is idle or
    awaiting. Without it (plain IPython) they run only while `run_sync` waits on the main thread.
    """

    def __init__(self, kernel_loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._kernel_loop = kernel_loop
        self._loop = _PrivateLoop()
        self._executor = DaemonThreads(_STEP_THREADS, "pfnb-io-work")
        self._loop.set_default_executor(self._executor)
        self._thread = threading.Thread(target=self._serve, name="pfnb-io", daemon=True)
        self._changed = threading.Condition()
        self._for_main: deque[tuple[Callable[[], Any], concurrent.futures.Future[Any]]] = deque()
        self._stopping = False

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Cancel what runs on the loop and end its thread. Does not wait for steps that run in other threads."""
        if not self._thread.is_alive():
            return
        self._stopping = True
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(2 * _FAREWELL)
        self._executor.shutdown()
        rest()
        while self._for_main:
            self._for_main.popleft()[1].cancel()

    def run_sync(self, coroutine: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """Run `coroutine` on our loop and return its result. May be called from any thread.

        While it waits, the main thread runs the functions given to `call_main`; it never nests the kernel's loop.
        KeyboardInterrupt and the timeout (in seconds; WaitTimeoutError) cancel the coroutine.
        """
        __tracebackhide__ = True
        self._check_open(coroutine)
        try:
            if threading.current_thread() is self._thread:
                return self._run_nested(coroutine, timeout)
            future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
            try:
                self._wait(future, timeout)
            except BaseException:
                future.cancel()
                raise
            return future.result()
        except PfnbError as error:
            raise _without_our_frames(error)  # noqa: B904 - it is its own context

    async def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run `coroutine` on our loop and return its result. May be awaited on any loop."""
        __tracebackhide__ = True
        self._check_open(coroutine)
        if threading.current_thread() is self._thread:
            return await coroutine
        future = asyncio.wrap_future(asyncio.run_coroutine_threadsafe(coroutine, self._loop))
        try:
            # ipykernel turns an interrupt into a callback without waking the loop, so wake up regularly.
            while not future.done():
                await asyncio.wait({future}, timeout=_GLANCE)
            return future.result()
        except asyncio.CancelledError:
            future.cancel()
            raise
        except PfnbError as error:
            raise _without_our_frames(error)  # noqa: B904 - it is its own context

    def _check_open(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        if not self._thread.is_alive() or self._stopping:
            coroutine.close()
            raise HubUnreachableError("pfnb is not running in this process: run %load_ext pfnb")

    def _run_nested(self, coroutine: Coroutine[Any, Any, T], timeout: float | None) -> T:
        allow_reentry(self._loop)
        task = self._loop.create_task(coroutine)
        self._loop.run_until_complete(asyncio.wait({task}, timeout=timeout))
        if not task.done():
            task.cancel()
            raise _too_late(timeout)
        return task.result()

    def _wait(self, future: concurrent.futures.Future[Any], timeout: float | None) -> None:
        if threading.current_thread() is threading.main_thread():
            with _interruptible():
                done = self._wait_on_main(future, timeout)
        else:
            done = bool(concurrent.futures.wait([future], timeout).done)
        if not done:
            raise _too_late(timeout)

    def _wait_on_main(self, future: concurrent.futures.Future[Any], timeout: float | None) -> bool:
        """Run main-thread work until `future` is done; False at the timeout.

        Waits nest: a wait inside that work may run any queued item, so each wait checks only its own future.
        """
        future.add_done_callback(self._notify)
        end = math.inf if timeout is None else time.monotonic() + timeout
        while not future.done():
            left = end - time.monotonic()
            if left <= 0:
                return False
            with self._changed:
                self._changed.wait_for(lambda: future.done() or self._for_main, min(left, _GLANCE))
            self._drain()
        return True

    def call_main(self, function: Callable[[], T]) -> concurrent.futures.Future[T]:
        """Call `function` on the kernel's main thread: at once if that waits in `run_sync`, else when its loop is free."""
        future: concurrent.futures.Future[T] = concurrent.futures.Future()
        self._for_main.append((function, future))
        self._notify()
        if self._kernel_loop is not None and not self._kernel_loop.is_closed():
            self._kernel_loop.call_soon_threadsafe(self._drain_idle)
        return future

    async def on_main(self, function: Callable[[], T]) -> T:
        """The same, awaited on our loop."""
        return await asyncio.wrap_future(self.call_main(function))

    def _notify(self, _: object = None) -> None:
        with self._changed:
            self._changed.notify_all()

    def _drain_idle(self) -> None:
        """Called by the kernel's loop. An interrupt ends the function (its step reports it), not the kernel."""
        try:
            self._drain()
        except KeyboardInterrupt:
            self._drain_idle()

    def _drain(self) -> None:
        while self._for_main:
            function, future = self._for_main.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                value = function()
            except Exception as error:
                future.set_exception(error)
            except BaseException as error:
                # Passed on unchanged, it would end the background loop.
                future.set_exception(RuntimeError(f"{type(error).__name__} on the main thread"))
                raise
            else:
                future.set_result(value)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        while not self._stopping:
            try:
                self._loop.run_forever()
            except (KeyboardInterrupt, SystemExit):
                continue  # A step called sys.exit(): asyncio sets it on the step's task and raises it here as well.
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        if tasks:
            self._loop.run_until_complete(asyncio.wait(tasks, timeout=_FAREWELL))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()


def _without_our_frames(error: PfnbError) -> PfnbError:
    """The error without the frames of pfnb: readers do not need them."""
    if error.__cause__ is not None:
        error.__cause__.with_traceback(from_own_code(error.__cause__.__traceback__))
    return error.with_traceback(None)


def _too_late(timeout: float | None) -> WaitTimeoutError:
    return WaitTimeoutError(f"there was no result within {timeout} seconds")


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let SIGINT raise KeyboardInterrupt. In cells with `await`, ipykernel makes it a callback of the loop that we block."""
    handler = signal.getsignal(signal.SIGINT)
    if handler is None or handler is signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
