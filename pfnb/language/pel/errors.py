"""Gives the language's errors their position, and suggestions for misspelled names."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice

from pfnb.exceptions import PelEvaluationError, PelSyntaxError

_NAMES_COMPARED = 500
_NAMES_SHOWN = 8
_NAME_WIDTH = 40


def syntax_error(message: str, text: str, offset: int) -> PelSyntaxError:
    line, column = position(text, offset)
    return PelSyntaxError(message, line=line, column=column)


def place(error: PelEvaluationError, offset: int) -> None:
    """Set the offset (from 0) of what failed on the error, unless a nested expression has set its own.

    It is kept in `column`, with `line` unset, until `locate` converts it.
    """
    if error.column is None:
        error.column = offset


def locate(error: PelEvaluationError, text: str) -> None:
    """Convert the offset set by `place` into line and column."""
    if error.line is None:
        error.line, error.column = position(text, error.column or 0)


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and column, both from 1, of an offset from 0."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def suggestion(wrong: str, names: Iterable[object]) -> str:
    """`: did you mean …?`; without a similar name the list of names; nothing if there are none."""
    known = [name[:_NAME_WIDTH] for name in islice(names, _NAMES_COMPARED) if isinstance(name, str)]
    near = get_close_matches(wrong[:_NAME_WIDTH], known, n=3)
    if not near:
        near = [name for name in known if name.lower() == wrong.lower()]
    if near:
        return ": did you mean " + " or ".join(f"'{name}'" for name in near) + "?"
    if not known:
        return ""
    more = ", …" if len(known) > _NAMES_SHOWN else ""
    return ": available: " + ", ".join(f"'{name}'" for name in known[:_NAMES_SHOWN]) + more
