"""Parameters that are maps, such as `signature: {scheme: github, secret: …}`: as a map in YAML, as JSON text, or as dotted words.

The keys are declared as the fields of a dataclass, None being a key that is not there. Values of such a map may be secrets, so no
error shows them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Any, get_args, get_type_hints

from pydantic import GetCoreSchemaHandler, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

from pfnb.exceptions import ParameterError

NOTHING = "none"
"""The text that switches off what a map sets."""


@dataclass(frozen=True)
class MapOf:
    """In an Annotated `dict[str, Any]`: a map with the keys of `kind`, a dataclass; `name` is how errors call the parameter."""

    name: str
    kind: type

    @cached_property
    def keys(self) -> dict[str, str]:
        """The keys with their descriptions."""
        hints = get_type_hints(self.kind, include_extras=True)
        return {key: _description(hint) for key, hint in hints.items()}

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.kind)

    def read(self, given: Any) -> Any:
        """The map with its values converted; empty for `none`. ParameterError says what is allowed, and shows no value."""
        if isinstance(given, str):
            given = self._parsed(given)
        if not isinstance(given, Mapping):
            raise self.error(f"must be a map of {', '.join(self.keys)}, or none")
        if not given:
            return {}
        for key in given:
            if key not in self.keys:
                near = get_close_matches(str(key), self.keys, n=1)
                hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(self.keys)}"
                raise self.error(f"has no {str(key)[:60]!r}: {hint}")
        try:
            read = asdict(self._adapter.validate_python(dict(given)))
        except ValidationError as failed:
            problem = failed.errors(include_url=False, include_input=False)[0]
            said = str(problem["msg"])
            raise self.error(f"{said[:1].lower()}{said[1:]}", str(problem["loc"][0])) from None
        return {key: value for key, value in read.items() if value is not None}

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        written = core_schema.union_schema([handler.generate_schema(self.kind), core_schema.str_schema()])
        return core_schema.no_info_before_validator_function(
            self.read, handler(source), json_schema_input_schema=written
        )

    def _parsed(self, text: str) -> Any:
        if text.strip().lower() in ("", NOTHING):
            return {}
        try:
            return json.loads(text)
        except ValueError:
            first = next(iter(self.keys))
            raise self.error(
                f'must be a map, as JSON such as {{"{first}": …}}, as words such as {self.name}.{first}=…, or none'
            ) from None

    def error(self, said: str, key: str = "") -> ParameterError:
        error = ParameterError(f"{self.name}{'.' if key else ''}{key}: {said}")
        error.parameter = self.name
        return error


def map_in(annotation: Any) -> MapOf | None:
    """The map that a parameter of this type takes; None if it takes none."""
    for part in get_args(annotation):
        if isinstance(part, MapOf):
            return part
        if not isinstance(part, FieldInfo) and (found := map_in(part)) is not None:
            return found
    return None


def folded(pairs: Iterable[tuple[str, Any]], is_map: Callable[[str], bool]) -> dict[str, Any]:
    """Names with their values, where `a.b=c` has become `{a: {b: c}}` if `a` takes a map. A repeated name has a list of values.
    ParameterError if a map is given both as a whole and by its keys."""
    whole: dict[str, Any] = {}
    for name, value in pairs:
        head, dot, key = name.partition(".")
        if not dot or not is_map(head):
            _add(whole, name, value)
        elif isinstance(within := whole.setdefault(head, {}), dict):
            _add(within, key, value)
        else:
            raise ParameterError(f"give {head} either as a whole or by {name}=…, not both")
    return whole


def _add(whole: dict[str, Any], name: str, value: Any) -> None:
    if name not in whole:
        whole[name] = value
        return
    present = whole[name]
    if isinstance(present, dict):
        raise ParameterError(f"give {name} either as a whole or by {name}.{next(iter(present))}=…, not both")
    whole[name] = [*(present if isinstance(present, list) else [present]), value]


def _description(hint: Any) -> str:
    notes = (note for note in get_args(hint) if isinstance(note, FieldInfo))
    return next((note.description or "" for note in notes), "")
