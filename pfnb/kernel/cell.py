"""The cell that runs now, and how background displays reach clients that would drop them.

nbclient (and so papermill, nbconvert and Voilà) reads the kernel's messages only while a cell runs, and only those of that
cell. Such clients run notebooks with nobody to answer a prompt: their requests say `allow_stdin: false`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


_publisher: ContextVar[Any] = ContextVar("pfnb_publisher")


@dataclass(frozen=True, slots=True)
class Message:
    """One display to publish: a new one, or an update."""

    update: bool
    bundle: dict[str, Any]
    metadata: dict[str, Any]


class RunningCell:
    """Publishes displays from the background, from `open` to `close`. `publish` may be called from any thread.

    In batch, displays are sent as output of the cell that runs: a new one appears there, an update still changes the display
    under its own cell, since nbclient finds it by id. While no cell runs, the last message of each display is kept and sent
    when the next cell begins.
    """

    def __init__(self, shell: InteractiveShell, before_end: Callable[[], None]) -> None:
        self._shell = shell
        self._before_end = before_end
        self._lock = threading.Lock()
        self._kept: dict[str, Message] = {}
        self._begin_here()

    def open(self) -> None:
        self._shell.events.register("pre_run_cell", self._begin)
        self._shell.events.register("post_run_cell", self._end)

    def close(self) -> None:
        for event, callback in (("pre_run_cell", self._begin), ("post_run_cell", self._end)):
            if callback in self._shell.events.callbacks[event]:
                self._shell.events.unregister(event, callback)

    @property
    def is_in_batch(self) -> bool:
        """Whether a client executes the notebook unattended."""
        return self._is_in_batch

    def publish(self, display_id: str, message: Message, home: Context) -> None:
        """Show it under the cell of `home`; in batch, under the cell that runs."""
        with self._lock:
            if not self._is_in_batch:
                self._send(display_id, message, home)
            elif self._runs:
                self._send(display_id, message, self._context)
            else:
                before = self._kept.get(display_id, message)
                self._kept[display_id] = Message(before.update and message.update, message.bundle, message.metadata)

    def _begin_here(self) -> None:
        self._context = context_of_cell(self._shell)
        self._is_in_batch = _is_in_batch(self._shell)
        self._runs = True

    def _begin(self, _info: object) -> None:
        with self._lock:
            self._begin_here()
            kept, self._kept = self._kept, {}
            for display_id, message in kept.items():
                self._send(display_id, message, self._context)

    def _end(self, _result: object) -> None:
        if self._is_in_batch:
            self._before_end()
        with self._lock:
            self._runs = False

    def _send(self, display_id: str, message: Message, context: Context) -> None:
        # A copy: a context cannot be entered twice at the same time.
        context.copy().run(
            context.get(_publisher, self._shell.display_pub).publish,
            data=message.bundle,
            metadata=message.metadata,
            transient={"display_id": display_id},
            update=message.update,
        )


def _is_in_batch(shell: InteractiveShell) -> bool:
    """Whether a batch client sent the cell that runs. In a terminal there is no client."""
    request: Mapping[str, Any] = shell.get_parent() if hasattr(shell, "get_parent") else {}
    return (request.get("content") or {}).get("allow_stdin") is False


def context_of_cell(shell: InteractiveShell) -> Context:
    """A copy of the current context. Displays published in it belong to the cell that runs now, even if another runs by then.

    ipykernel 7 keeps the cell in a context variable; before, it was an attribute of the publisher that each cell set.
    """
    context = copy_context()
    publisher: Any = shell.display_pub
    if _publisher not in context and publisher.has_trait("parent_header"):
        own = type(publisher)(session=publisher.session, pub_socket=publisher.pub_socket, topic=publisher.topic)
        own.parent_header = publisher.parent_header
        context.run(_publisher.set, own)
    return context
