"""What a cell says while it waits for longer than a second; gone as soon as the wait is over."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from pfnb.kernel.output import is_caught
from pfnb.kernel.screen import Bundle, Display

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_PATIENCE = 1.0
_INTERVAL = 0.5
_WATCHED = ("JPY_SESSION_NAME", "VSCODE_PID")
"""Set where a person's front end has started the kernel. What runs without one, to test or to publish, keeps its outputs."""


@asynccontextmanager
async def progress(shell: InteractiveShell, say: Callable[[], str]) -> AsyncIterator[None]:
    """Show what `say` returns, again and again, under the cell in whose context this is entered."""
    if is_caught() or not hasattr(shell, "kernel") or not any(name in os.environ for name in _WATCHED):
        yield
        return
    task = asyncio.get_running_loop().create_task(_show(shell, say))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _show(shell: InteractiveShell, say: Callable[[], str]) -> None:
    await asyncio.sleep(_PATIENCE)
    display = Display(shell)
    await asyncio.to_thread(display.show, _bundle(say()))
    try:
        while True:
            await asyncio.sleep(_INTERVAL)
            await asyncio.to_thread(display.replace, _bundle(say()))
    finally:
        display.replace({"text/plain": "", "text/html": ""})


def _bundle(text: str) -> Bundle:
    from pfnb.kernel.display.block import block, element, hint
    from pfnb.kernel.display.visible import visible

    return {
        "text/plain": visible(text, one_line=True),
        "text/html": block(element("div", hint(text), names="pfnb-title")),
    }
