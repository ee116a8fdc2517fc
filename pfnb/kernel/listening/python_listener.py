"""A Python function as a listener: a pipeline of one step that calls it."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any

from pfnb.exceptions import ParameterError, PfnbError
from pfnb.language.command import Command, CommandRegistry
from pfnb.language.pipeline import Pipeline
from pfnb.language.reading.listen import COMMAND as LISTEN
from pfnb.language.reading.parser import parse_pipeline

TAKEN = ("event", "body", "vars", "headers")
"""What a listener's function may ask for, by name."""


def listening_pipeline(
    function: Callable[..., Any],
    pattern: str,
    registry: CommandRegistry,
    *,
    name: str,
    filter: str | None = None,  # noqa: A002 - the word of event.listen
    main: bool = False,
    headers: Mapping[str, Any] | None = None,
) -> Pipeline:
    """The pipeline that calls `function` for each event of `pattern`; `registry` has `event.listen`.

    ParameterError if the function has parameters that a listener cannot fill, or if pattern, filter or headers are wrong.
    """
    _check_parameters(function, name)
    commands = CommandRegistry()
    commands.add(registry.get(LISTEN))
    commands.add(Command(name, function, anonymous=True, main=main))
    listen = {"key": pattern} if filter is None else {"key": pattern, "filter": filter}
    text = json.dumps({"headers": dict(headers or {}), "pipeline": [{LISTEN: listen}, {name: None}]})
    try:
        return parse_pipeline(text, commands)
    except PfnbError as error:
        raise without_place(error) from None


def without_place(error: PfnbError) -> PfnbError:
    """The same error without line, column and step: nobody wrote the text of this pipeline."""
    error.line = error.column = error.step = None
    return error


def _check_parameters(function: Callable[..., Any], name: str) -> None:
    for parameter in inspect.signature(function).parameters.values():
        by_name = parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        if by_name and (parameter.name in TAKEN or parameter.default is not parameter.empty):
            continue
        raise ParameterError(
            f'the listener {name} is a function with a parameter "{parameter.name}", which gets no value: name it '
            f"{', '.join(TAKEN[:-1])} or {TAKEN[-1]}, or give it a default"
        )
