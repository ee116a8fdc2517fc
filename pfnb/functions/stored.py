"""`@function`: stored Python functions."""

from __future__ import annotations

from typing import Any

from pfnb.functions import function
from pfnb.language.context import Context
from pfnb.workshop.stored import FunctionResult
from pfnb.workshop.stored import run as run_stored


@function("function.run")
async def run(context: Context, name: str, args: Any = None) -> FunctionResult:
    """Run a stored Python function, as the command `function.run` does. Needs the role `CAN_PIPE_function.run`.

    Example:
        @function.run('shop:prices:gross', {net: 100}).value
    """
    return await run_stored(context, name, args)
