"""One allowed method of a value: its parameters and effects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pfnb.exceptions import PelEvaluationError
from pfnb.language.pel.printing import to_joined_text
from pfnb.language.pel.values import is_list, is_map, kind

Parameter = Callable[[Any], Any]
"""Converts an argument to what the method takes, or raises PelEvaluationError."""


@dataclass(frozen=True, slots=True)
class Method:
    """`call(value, *arguments)`, with the keyword `seconds` too if it is `timed` (a regular expression).

    The last `optional` parameters may be left out. `changes`: it changes the value it is called on. `scans`: it looks at all of
    the value for each item of a list argument. `compares`: it takes the keyword `spend` to count comparisons. A call on a text
    counts the whole text, `weight` times.
    """

    call: Callable[..., Any]
    parameters: tuple[Parameter, ...] = ()
    optional: int = 0
    changes: bool = False
    scans: bool = False
    timed: bool = False
    compares: bool = False
    weight: int = 1

    def arguments(self, name: str, given: list[Any]) -> list[Any]:
        """The arguments, converted; PelEvaluationError if there are too few, too many or unfit ones."""
        most = len(self.parameters)
        if not most - self.optional <= len(given) <= most:
            counts = f"{most - self.optional} to {most}" if self.optional else str(most)
            raise PelEvaluationError(
                f"{name}(…) takes {counts} argument{'' if counts == '1' else 's'}, not {len(given)}"
            )
        converted = []
        for number, (parameter, value) in enumerate(zip(self.parameters, given, strict=False), start=1):
            try:
                converted.append(parameter(value))
            except PelEvaluationError as error:
                raise PelEvaluationError(f"argument {number} of {name}(…): {error.message}") from error
        return converted


def anything(value: Any) -> Any:
    return value


def as_text(value: Any) -> str:
    """A Java `String` parameter: anything but null and maps is converted."""
    if value is None or is_map(value):
        raise PelEvaluationError(f"expected a text, not {kind(value)}")
    return to_joined_text(value)


def only_text(value: Any) -> str:
    """A Java `CharSequence` parameter: nothing is converted."""
    if not isinstance(value, str):
        raise PelEvaluationError(f"expected a text, not {kind(value)}")
    return value


def only_list(value: Any) -> Any:
    if not is_list(value):
        raise PelEvaluationError(f"expected a list, not {kind(value)}")
    return value


def only_map(value: Any) -> Any:
    if not is_map(value):
        raise PelEvaluationError(f"expected a map, not {kind(value)}")
    return value
