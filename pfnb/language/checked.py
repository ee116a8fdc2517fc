"""Checks the arguments of external calls against the function's annotations.

The checks are built on the first call: loading pydantic takes longer than everything else that a kernel loads.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from functools import reduce
from operator import or_
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from pfnb.exceptions import ParameterError
from pfnb.language.extent import shown

if TYPE_CHECKING:
    pass

MOST = 2**63
"""Largest number: databases and clocks do not go beyond it."""


class Checked:
    """An `async def` under a name. Called with arguments that its annotations do not allow, it raises ParameterError, which names
    the call and the argument. Numbers are finite, and whole ones have 64 bits."""

    def __init__(self, name: str, function: Callable[..., Awaitable[Any]]) -> None:
        self._name = name
        self._function = function
        self._call: Callable[..., Awaitable[Any]] | None = None

    async def __call__(self, arguments: object) -> Any:
        from pydantic import ValidationError

        if not isinstance(arguments, Mapping):
            raise ParameterError(f"{self._name}: arguments must be a JSON object, not {shown(arguments)}")
        if self._call is None:
            self._call = _checking(self._function)
        try:
            call = self._call(**arguments)
        except ValidationError as error:
            wrong = error.errors(include_url=False)[0]
            where = ".".join(map(str, wrong["loc"]))
            raise ParameterError(f"{self._name}: {where[:100]}: {wrong['msg']}") from error
        return await call


def _checking(function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """The function, wrapped in its checks."""
    from pydantic import ConfigDict, validate_call

    signature = inspect.signature(function, eval_str=True)
    parameters = [each.replace(annotation=bounded(each.annotation)) for each in signature.parameters.values()]

    def call(**arguments: Any) -> Awaitable[Any]:
        return function(**arguments)

    vars(call)["__signature__"] = signature.replace(parameters=parameters)
    call.__annotations__ = {each.name: each.annotation for each in parameters}
    return validate_call(config=ConfigDict(allow_inf_nan=False))(call)


def bounded(annotation: Any) -> Any:
    """The annotation with whole numbers limited to 64 bits."""
    from pydantic import AfterValidator

    if annotation is int:
        return Annotated[int, AfterValidator(_within)]
    kind, parts = get_origin(annotation), get_args(annotation)
    if kind is Annotated:
        return Annotated[(bounded(parts[0]), *parts[1:])]
    if kind in (Union, UnionType):
        return reduce(or_, map(bounded, parts))
    return annotation


def _within(number: int) -> int:
    from pydantic_core import PydanticCustomError

    if not -MOST <= number < MOST:
        raise PydanticCustomError("whole_number", "Input should be a whole number of at most 64 bits")
    return number
