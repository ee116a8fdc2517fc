"""Parameters that are maps whose values are evaluated one after the other: each can use what came of those before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, replace
from typing import Any, Self

from pfnb.exceptions import ParameterError
from pfnb.language.deferred import Deferred, resolved
from pfnb.language.extent import shown
from pfnb.language.formula import Formula
from pfnb.language.place import Place


@dataclass(frozen=True, slots=True)
class LazyMap(Deferred):
    """A map, a list of maps, or an expression that yields one of them. Call it to get names and values, each evaluated when it
    is its turn; that may take long."""

    content: Any
    scope: MutableMapping[str, Any] | None = None
    functions: Mapping[str, Any] | None = None

    @classmethod
    def compiled(cls, text: str, place: Place) -> Self:
        raise _wrong(text, place)

    @classmethod
    def of(cls, value: Any, place: Place) -> Self:
        """The same for a compiled value of a pipeline. Raises ParameterError, with line and column."""
        maps = value if isinstance(value, list) else [value]
        if not all(isinstance(one, dict | Formula) for one in maps):
            raise _wrong(value, place)
        return cls(value)

    def bound(self, scope: MutableMapping[str, Any], functions: Mapping[str, Any] | None) -> Self:
        return replace(self, scope=scope, functions=functions)

    def __call__(self) -> Iterator[tuple[str, Any]]:
        content = self._resolved(self.content) if isinstance(self.content, Formula) else self.content
        for one in content if isinstance(content, list) else [content]:
            entries = self._resolved(one) if isinstance(one, Formula) else one
            if not isinstance(entries, dict):
                raise _wrong(entries)
            for name, value in entries.items():
                yield name, self._resolved(value)

    def _resolved(self, value: Any) -> Any:
        assert self.scope is not None, "the runner binds it before the call"
        return resolved(value, self.scope, self.functions)

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: Any, _handler: Any) -> dict[str, Any]:
        return {"anyOf": [{"type": "object"}, {"type": "array", "items": {"type": "object"}}]}

    def __repr__(self) -> str:
        return str(self.content)


def _wrong(value: Any, place: Place | None = None) -> ParameterError:
    error = ParameterError(f"expected a map of names and values, not {shown(value)}")
    if place is not None:
        error.line, error.column = place.line, place.column
    return error
