"""Calls whose arguments come from outside, checked against the annotations of what is called.

The checks are made when something is first called: to load what makes them takes longer than all else that a kernel loads.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pfnb.exceptions import ParameterError


class Checked:
    """An `async def` under a name. Called with arguments that its annotations do not allow, it raises ParameterError."""

    def __init__(self, name: str, function: Callable[..., Awaitable[Any]]) -> None:
        self._name = name
        self._function = function
        self._call: Callable[..., Awaitable[Any]] | None = None

    async def __call__(self, **arguments: Any) -> Any:
        from pydantic import ValidationError, validate_call

        if self._call is None:
            self._call = validate_call(self._function)
        try:
            return await self._call(**arguments)
        except ValidationError as error:
            wrong = error.errors(include_url=False)[0]
            where = ".".join(map(str, wrong["loc"]))
            raise ParameterError(f"{self._name}: {where}: {wrong['msg']}") from error
