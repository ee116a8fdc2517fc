"""Errors of a run: their place in the pipeline, and the `exception` object that expressions see."""

from __future__ import annotations

from collections.abc import Mapping
from time import time
from typing import Any
from uuid import uuid4

from pfnb.exceptions import PfnbError, RaisedError
from pfnb.language.pipeline import Step


def placed(error: PfnbError, step: Step) -> PfnbError:
    """Add the place in the pipeline, unless it is already known."""
    if error.line is None:
        error.line, error.column = step.line, step.column
    if error.step is None:
        error.step = step.number
    return error


def adopt(error: PfnbError) -> None:
    """Lines in an error from a command's own code refer to some other text: keep them in the message only."""
    if error.line is not None or error.step is not None:
        error.message = str(error)
        error.line = error.column = error.step = None


def tell_pipeline(error: PfnbError, name: str) -> None:
    """Add to the message in which called pipeline the error happened: the innermost, to which its place refers."""
    if error.line is not None and error.called is None:
        error.message = f"{name}: {error}"
        error.called = name
    error.line = error.column = error.step = None


def described(error: BaseException) -> str:
    """An error in one line: its type and message."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def exception_object(error: PfnbError, user: str, event: Any) -> dict[str, Any]:
    """The value of `exception` while an error is ending a run."""
    return {
        "uuid": str(uuid4()),
        "type": error.type if isinstance(error, RaisedError) else type(error).__name__,
        "cause": None if error.__cause__ is None else type(error.__cause__).__name__,
        "message": error.message,
        "statusCode": error.status,
        "line": error.line,
        "column": error.column,
        "step": error.step,
        "time": int(time() * 1000),
        "auth": user,
        "traceId": event.get("traceId") if isinstance(event, Mapping) else getattr(event, "trace_id", None),
    }


def is_of_type(error: PfnbError, name: str) -> bool:
    """Whether an error, or the Python exception behind it, is of this type; `NotFoundException` is NotFoundError."""
    if isinstance(error, RaisedError) and _stem(error.type) == _stem(name):
        return True
    kinds = [*type(error).__mro__, *type(error.__cause__).__mro__] if error.__cause__ else type(error).__mro__
    return any(_stem(kind.__name__) == _stem(name) for kind in kinds if issubclass(kind, BaseException))


def _stem(name: str) -> str:
    return name.removesuffix("Exception").removesuffix("Error")
