"""Calls `@name.method(…)`: the public methods of the objects that the caller of an evaluation passes in.

A method's parameter `context` is not one of the call's arguments: it receives the run's context.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from pfnb.exceptions import PelEvaluationError, PfnbError
from pfnb.language.pel.errors import suggestion
from pfnb.language.pel.literal_text import LiteralText, as_literal, as_plain, asks_for_literal
from pfnb.language.pel.method import as_text
from pfnb.language.pel.run_functions import RunFunctions
from pfnb.language.pel.values import is_list, is_map, kind, to_boolean, to_decimal, to_integer

CONTEXT = "context"
_CONVERSIONS: dict[Any, Callable[[Any], Any]] = {str: as_text, int: to_integer, float: to_decimal, bool: to_boolean}


def call_function(
    functions: Mapping[str, Any] | None, name: str, method: str, given: list[Any], literals: tuple[bool, ...] = ()
) -> Any:
    """Call `@name.method(*given)` with arguments converted to the types of the method's annotations. `literals` says which of
    them are literal in the expression.

    A method `left_pad` can also be called as `leftPad`. Any exception becomes a PelEvaluationError with its message.
    """
    target = find_function(functions, name)
    found = _public_method(target, method)
    if found is None:
        known = [each for each in dir(target) if not each.startswith("_")]
        raise PelEvaluationError(f"@{name} has no method '{method}'{suggestion(method, known)}")
    shown = f"@{name}.{method}(…)"
    arguments = _arguments(found, shown, given, functions, literals)
    try:
        result = found(*arguments.args, **arguments.kwargs) if arguments else found(*given)
        if not inspect.iscoroutine(result):
            return result
        if isinstance(functions, RunFunctions):
            return functions.wait(result)
        result.close()
    except PfnbError as error:
        raise PelEvaluationError(f"{shown}: {error.message}") from error
    except Exception as error:  # third-party code: whatever it raises is this expression's failure
        raise PelEvaluationError(f"{shown}: {type(error).__name__}: {error}") from error
    raise PelEvaluationError(f"{shown} is asynchronous: only the expressions of a run can wait for it")


def find_function(functions: Mapping[str, Any] | None, name: str) -> Any:
    known = functions or {}
    if name not in known:
        raise PelEvaluationError(f"there is no function object '@{name}'{suggestion(name, known)}")
    return known[name]


def _public_method(target: Any, name: str) -> Callable[..., Any] | None:
    if name.startswith("_"):
        return None
    for spelling in (name, _snake_case(name)):
        found = getattr(target, spelling, None)
        if callable(found) and not inspect.isclass(found):
            return found  # type: ignore[no-any-return]
    return None


def _snake_case(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _arguments(
    method: Callable[..., Any],
    shown: str,
    given: list[Any],
    functions: Mapping[str, Any] | None,
    literals: tuple[bool, ...],
) -> inspect.BoundArguments | None:
    """The arguments bound to the method's signature; None if it has no signature (C code)."""
    signature, runs_text = _signature(getattr(method, "__func__", method), inspect.ismethod(method))
    if signature is None:
        return None
    if runs_text:
        given = [as_literal(each) if literal else each for each, literal in zip(given, literals, strict=True)]
    # A declared function takes null only where its annotations allow it; a method takes it for any text, list or map, as in Java.
    no_null = not inspect.ismethod(method)
    arguments = signature.bind_partial()
    context = signature.parameters.get(CONTEXT)
    try:
        bound = _without(signature, CONTEXT).bind(*given) if context else signature.bind(*given)
    except TypeError as error:
        raise PelEvaluationError(f"{shown}: {error}") from None
    for name, value in bound.arguments.items():
        parameter = signature.parameters[name]
        if runs_text and not asks_for_literal(parameter.annotation):
            value = as_plain(value)
        try:
            if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
                arguments.arguments[name] = tuple(_fitting(each, parameter.annotation, no_null) for each in value)
            else:
                is_default = value is None and parameter.default is None
                arguments.arguments[name] = None if is_default else _fitting(value, parameter.annotation, no_null)
        except PelEvaluationError as error:
            raise PelEvaluationError(f"{shown}, argument '{name}': {error.message}") from error
    if isinstance(functions, RunFunctions) and context:
        arguments.arguments[CONTEXT] = functions.context
    elif context and context.default is inspect.Parameter.empty:
        raise PelEvaluationError(f"{shown} needs a run: it works in a pipeline")
    return arguments


@lru_cache(maxsize=256)
def _signature(function: Callable[..., Any], bound: bool) -> tuple[inspect.Signature | None, bool]:
    """The signature without `self`, its annotations resolved if they can be, and whether one of them asks for LiteralText."""
    try:
        signature = inspect.signature(function, eval_str=True)
    except (NameError, AttributeError, SyntaxError):
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return None, False
    parameters = list(signature.parameters.values())
    runs_text = any(asks_for_literal(each.annotation) for each in parameters)
    return signature.replace(parameters=parameters[1:] if bound else parameters), runs_text


@lru_cache(maxsize=256)
def _without(signature: inspect.Signature, name: str) -> inspect.Signature:
    return signature.replace(parameters=[each for each in signature.parameters.values() if each.name != name])


def _fitting(value: Any, annotation: Any, no_null: bool) -> Any:
    """The value converted to the annotated type; null is passed on for texts, lists and maps, unless `no_null`."""
    if isinstance(value, LiteralText) and asks_for_literal(annotation):
        return value
    if annotation is LiteralText:
        raise PelEvaluationError("expected a text in quotes: a computed text is never evaluated")
    origin = get_origin(annotation)
    if origin is Union or origin is UnionType:
        return _fitting_one_of(value, get_args(annotation), no_null)
    wanted = origin or annotation
    if value is None and wanted not in (int, float, bool) and not (no_null and wanted in (str, list, dict)):
        return None
    if wanted in (int, float) and isinstance(value, bool):
        raise PelEvaluationError("expected a number, not a boolean")
    if wanted in _CONVERSIONS:
        return _CONVERSIONS[wanted](value)
    if (wanted is list and not is_list(value)) or (wanted is dict and not is_map(value)):
        raise PelEvaluationError(f"expected a {'list' if wanted is list else 'map'}, not {kind(value)}")
    members = get_args(annotation)
    if wanted is list and len(members) == 1:
        return [_fitting(each, members[0], no_null) for each in value]
    return value


def _fitting_one_of(value: Any, choices: tuple[Any, ...], no_null: bool) -> Any:
    if value is None and NoneType in choices:
        return None
    for choice in choices:
        plain = get_origin(choice) or choice
        if plain is Any or (isinstance(plain, type) and isinstance(value, plain) and type(value) is not bool):
            return _fitting(value, choice, no_null)
    if isinstance(value, bool) and bool in choices:
        return value
    return _fitting(value, next(choice for choice in choices if choice is not NoneType), no_null)
