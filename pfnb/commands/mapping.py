"""Commands that transform one structure into another."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Annotated, Any, Self

from pydantic import Field

from pfnb.commands import command
from pfnb.commands.inputs import Input, chosen, from_json
from pfnb.exceptions import ParameterError
from pfnb.language.budget import current
from pfnb.language.command import as_result
from pfnb.language.deferred import Deferred, Lazy, evaluated, pieces
from pfnb.language.formula import Formula, formula_in
from pfnb.language.parameters import UNSET
from pfnb.language.pel.values import kind
from pfnb.language.place import Place

_STEP = re.compile(r"\.?([^\W\d]\w*)|\[([0-9]{1,6})\]|\['((?:[^']|'')*)'\]|\[\"((?:[^\"]|\"\")*)\"\]")
_WRAPPED = re.compile(r"[#$]\{(.*)\}", re.DOTALL)

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Rules(Deferred):
    """Lines `expression -> path,`. Call it with the input to get the output."""

    rules: tuple[tuple[Formula, Path], ...]
    scope: MutableMapping[str, Any] | None = None
    functions: Mapping[str, Any] | None = None

    @classmethod
    def compiled(cls, text: str, place: Place) -> Self:
        lines = [line for line in pieces(text, r",[ \t]*\r?\n", place) if line[0]]
        return cls(tuple(_rule(line.removesuffix(",").rstrip(), where) for line, where in lines))

    def bound(self, scope: MutableMapping[str, Any], functions: Mapping[str, Any] | None) -> Self:
        return replace(self, scope=scope, functions=functions)

    def __call__(self, data: Any, onto: dict[str, Any] | None = None) -> dict[str, Any]:
        """Apply the rules. Returns a new map, or `onto` with the results added."""
        assert self.scope is not None, "the runner binds it before the call"
        root = {**self.scope, **(data if isinstance(data, dict) else {}), "input": data}
        output = {} if onto is None else onto
        left = current()
        for formula, path in self.rules:
            left.check()
            _put(output, path, evaluated(formula, root, self.functions))
        return output

    def __repr__(self) -> str:
        return ", ".join(f"{formula.text} -> {_shown(path)}" for formula, path in self.rules)


@dataclass(frozen=True, slots=True, repr=False)
class Fields(Rules):
    """Rules the other way round, `path: expression,`."""

    @classmethod
    def compiled(cls, text: str, place: Place) -> Self:
        return cls(tuple(_field(part, where) for part, where in pieces(text, ",", place) if part))


@command("data.mapping", anonymous=True, shorthand="rules")
def map_data(
    body: Any,
    rules: Annotated[
        Rules,
        Field(
            description="Lines `expression -> path`, with commas at their ends. Bare names are fields of the input.",
            validation_alias="mappingRules",
        ),
    ],
    input: Input = UNSET,  # noqa: A002 - PIPEFORCE's word
) -> dict[str, Any]:
    """Make a new structure from the input by rules. Missing maps and lists on a path are created.

    Example:
        body: {firstName: Sam, lastName: Smith, age: 34}
        pipeline:
          - data.mapping:
              rules: |
                firstName + ' ' + lastName -> customer.name,
                age                        -> customer.age,
                age >= 18                  -> customer.isLegalAge
        # => {"customer": {"name": "Sam Smith", "age": 34, "isLegalAge": true}}
    """
    return rules(from_json(chosen(input, body)))


@command("data.enrich", anonymous=True)
def enrich(
    body: Any,
    do: Annotated[Lazy, Field(description="An expression that changes the input, named `input`.")],
    input: Input = UNSET,  # noqa: A002
) -> Any:
    """Add to the input by an expression. The result is the input.

    Example:
        pipeline:
          - data.enrich:
              input: {street: Lincoln Blvd, zipCode: "90001"}
              do: "input.city = 'Los Angeles'"
        # => {"street": "Lincoln Blvd", "zipCode": "90001", "city": "Los Angeles"}
    """
    data = from_json(chosen(input, body))
    do(input=data)
    return as_result(data)


def _rule(line: str, place: Place) -> tuple[Formula, Path]:
    parts = list(pieces(line, "->", place))
    if len(parts) != 2 or not all(text for text, _ in parts):
        hint = ": separate rules by commas" if len(parts) > 2 else ""
        message = f'a rule must be "expression -> path", not {line[:60]!r}{hint}'
        raise ParameterError(message, line=place.line, column=place.column)
    (source, where), (target, there) = parts
    return formula_in(source, where), _path(target, there)


def _field(text: str, place: Place) -> tuple[Formula, Path]:
    target, _, source = text.partition(":")
    if not source.strip():
        message = f'a field must be "path: expression", not {text[:60]!r}'
        raise ParameterError(message, line=place.line, column=place.column)
    return formula_in(source.strip(), place.after(len(text) - len(source.lstrip()))), _path(target.strip(), place)


def _path(text: str, place: Place) -> Path:
    wrapped = _WRAPPED.fullmatch(text)
    inner = wrapped[1].strip() if wrapped else text
    steps, end = [], 0
    while found := _STEP.match(inner, end):
        name, index, single, double = found.groups()
        quoted = single.replace("''", "'") if single is not None else (double or "").replace('""', '"')
        steps.append(name or (int(index) if index is not None else quoted))
        end = found.end()
    if end < len(inner) or not steps or inner.startswith((".", "[")):
        message = f"the path of a rule must be one such as customer.name or items[0]['unit price'], not {text[:60]!r}"
        raise ParameterError(message, line=place.line, column=place.column)
    return tuple(steps)


def _put(output: dict[str, Any], path: Path, value: Any) -> None:
    holder: Any = output
    for key, following in pairwise(path):
        if _is_new(holder, key, path):
            _set(holder, key, [] if isinstance(following, int) else {})
        holder = holder[key]
    _is_new(holder, path[-1], path)
    _set(holder, path[-1], value)


def _is_new(holder: Any, key: str | int, path: Path) -> bool:
    """Whether nothing is there yet. Raises ParameterError where nothing can be."""
    if isinstance(key, str) and isinstance(holder, dict):
        return key not in holder
    if isinstance(key, int) and isinstance(holder, list):
        if key > len(holder):
            raise ParameterError(
                f"{_shown(path)}: the list has {len(holder)} items, so the next index is [{len(holder)}]"
            )
        return key == len(holder)
    wanted = "a map" if isinstance(key, str) else "a list"
    raise ParameterError(f"{_shown(path)}: {key!r} needs {wanted} before it, not {kind(holder)}")


def _set(holder: Any, key: str | int, value: Any) -> None:
    if isinstance(holder, list) and key == len(holder):
        holder.append(value)
    else:
        holder[key] = value


def _shown(path: Path) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).removeprefix(".")
