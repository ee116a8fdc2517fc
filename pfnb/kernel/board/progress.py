"""The progress line of a cell that waits for longer than a second; removed when the wait is over."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from pfnb.kernel.board.output import is_caught
from pfnb.kernel.board.screen import Bundle, Display

if TYPE_CHECKING:
    from pfnb.kernel.notebook import Notebook

_PATIENCE = 1.0
_INTERVAL = 0.5
_WATCHED = ("JPY_SESSION_NAME", "VSCODE_PID")
"""Set where a person's front end started the kernel. Runs without one, to test or to publish, show no progress."""


@asynccontextmanager
async def progress(notebook: Notebook, say: Callable[[], str]) -> AsyncIterator[None]:
    """Show what `say` returns, updated regularly, under the cell in whose context this is entered."""
    if is_caught() or not hasattr(notebook.shell, "kernel") or not any(name in os.environ for name in _WATCHED):
        yield
        return
    task = asyncio.get_running_loop().create_task(_show(notebook, say))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _show(notebook: Notebook, say: Callable[[], str]) -> None:
    await asyncio.sleep(_PATIENCE)
    display = Display(notebook.shell, notebook.cell)
    await asyncio.to_thread(display.show, _bundle(say()))
    try:
        while True:
            await asyncio.sleep(_INTERVAL)
            await asyncio.to_thread(display.replace, _bundle(say()))
    finally:
        display.replace({"text/plain": "", "text/html": ""})


def _bundle(text: str) -> Bundle:
    from pfnb.display.block import block, element, hint
    from pfnb.display.visible import visible

    return {
        "text/plain": visible(text, one_line=True),
        "text/html": block(element("div", hint(text), names="pfnb-title")),
    }
