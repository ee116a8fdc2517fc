"""Sends what listeners print and display to their board, from any thread, and not to the cell that happens to run.

ipykernel finds the cell of an output in a context variable. Threads that user code starts have none, so their output goes to
the last cell that ran. ipykernel also sends a message for each line. So output is caught earlier, where it is written.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, ContextVar, copy_context
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


class Destination(Protocol):
    """Takes output, from any thread."""

    def write(self, stream: str, text: str) -> None:
        """Text for `stdout` or `stderr`."""
        ...

    def display(
        self, data: Mapping[str, Any], metadata: Mapping[str, Any], display_id: str | None, update: bool
    ) -> bool:
        """Show a mime bundle; False for the update of a display that is elsewhere."""
        ...

    def clear(self) -> None:
        """Forget what was written and displayed."""
        ...


_destination: ContextVar[Destination | None] = ContextVar("pfnb_destination", default=None)


def sent_to(destination: Destination, context: Context) -> Context:
    """A copy of a context in which all output goes to `destination`."""
    copied = context.copy()
    copied.run(_destination.set, destination)
    return copied


def is_caught() -> bool:
    """Whether output of the code that runs now goes to a destination: it is a listener's."""
    return _destination.get() is not None


class OutputHooks:
    """Intercepts the kernel's streams and displays, from `install` to `remove`.

    Only methods are replaced. The objects remain the kernel's, because loggers and others keep references to them.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._publisher = shell.display_pub
        self._undo: list[Callable[[], None]] = []

    def install(self) -> None:
        self._catch(sys.stdout, "stdout")
        self._catch(sys.stderr, "stderr")
        self._wrap(self._publisher, "publish", _publishing)
        self._wrap(self._publisher, "clear_output", _clearing)
        self._wrap(threading.Thread, "start", _starting)
        self._wrap(ThreadPoolExecutor, "submit", _submitting)

    def remove(self) -> None:
        """Undo `install`. A hook that other code has wrapped meanwhile stays in place but passes everything on."""
        while self._undo:
            self._undo.pop()()

    def _catch(self, stream: Any, name: str) -> None:
        from ipykernel.iostream import OutStream

        if not isinstance(stream, OutStream):
            return  # Other code is capturing output right now: leave its stream alone.
        kind = type(stream)
        stream.__class__ = caught = _caught(kind, name)

        def undo() -> None:
            if type(stream) is caught:
                stream.__class__ = kind

        self._undo.append(undo)

    def _wrap(self, owner: Any, name: str, wrapper: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
        original, is_own = getattr(owner, name), name in vars(owner)
        wrapped = wrapper(original)
        setattr(owner, name, wrapped)

        def undo() -> None:
            if vars(owner).get(name) is not wrapped:
                return
            if is_own:
                setattr(owner, name, original)
            else:
                delattr(owner, name)

        self._undo.append(undo)


class _Writing:
    """What reading `stream.write` returns: it writes to the destination if there is one."""

    __slots__ = ("inner", "stream")

    def __init__(self, stream: str, inner: Callable[..., Any]) -> None:
        self.stream = stream
        self.inner = inner

    def __call__(self, text: str, *more: Any, **options: Any) -> Any:
        destination = _destination.get()
        if destination is None or not isinstance(text, str):
            return self.inner(text, *more, **options)
        destination.write(self.stream, text)
        return len(text)


def _caught(kind: type, stream: str) -> type:
    """A stream class whose `write` is a `_Writing` around the `write` that others assign.

    IPython assigns one for every cell, to record output in its history, and restores the previous one when the cell ends.
    """

    def get(self: Any) -> _Writing:
        return _Writing(stream, vars(self).get("write") or kind.write.__get__(self))  # type: ignore[attr-defined]

    def put(self: Any, write: Callable[..., Any]) -> None:
        vars(self)["write"] = write.inner if isinstance(write, _Writing) else write

    def take(self: Any) -> None:
        vars(self).pop("write", None)

    return type(kind.__name__, (kind,), {"__module__": kind.__module__, "write": property(get, put, take)})


def _publishing(publish: Callable[..., None]) -> Callable[..., None]:
    @wraps(publish)
    def published(data: Any, metadata: Any = None, *more: Any, **options: Any) -> None:
        destination = _destination.get()
        if destination is not None:
            display_id = (options.get("transient") or {}).get("display_id")
            if destination.display(data, metadata or {}, display_id, bool(options.get("update"))):
                return
        publish(data, metadata, *more, **options)

    return published


def _clearing(clear: Callable[..., None]) -> Callable[..., None]:
    @wraps(clear)
    def cleared(*arguments: Any, **options: Any) -> None:
        destination = _destination.get()
        if destination is None:
            clear(*arguments, **options)
        else:
            destination.clear()

    return cleared


def _starting(start: Callable[[threading.Thread], None]) -> Callable[[threading.Thread], None]:
    @wraps(start)
    def started(thread: threading.Thread) -> None:
        destination = _destination.get()
        if destination is not None:
            thread.run = partial(_run_for, destination, thread.run)  # type: ignore[method-assign]
        start(thread)

    return started


def _run_for(destination: Destination, run: Callable[[], None]) -> None:
    # Not reset after the call: a thread's traceback is printed after it.
    _destination.set(destination)
    run()


def _submitting(submit: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(submit)
    def submitted(executor: ThreadPoolExecutor, function: Callable[..., Any], /, *args: Any, **options: Any) -> Any:
        if _destination.get() is None:
            return submit(executor, function, *args, **options)
        # The pool's threads outlive this work and serve others: the destination goes with the work, not with the thread.
        return Context().run(submit, executor, partial(copy_context().run, function), *args, **options)

    return submitted
