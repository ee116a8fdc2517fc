"""Parameters whose names are conditions: `#{vars.age >= 18}: adult`, as in `switch`."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, replace
from typing import Any, Self

from pfnb.language.condition import is_true
from pfnb.language.deferred import Deferred, resolved
from pfnb.language.formula import Formula, formula_in
from pfnb.language.place import Place


@dataclass(frozen=True, slots=True)
class Case(Deferred):
    """A condition and a value, JSON with Formulas in it; each is evaluated when the command asks, and may take long.

    The `**keywords` of a command's function may be annotated with it.
    """

    condition: Formula
    value: Any = None
    scope: MutableMapping[str, Any] | None = None
    functions: Mapping[str, Any] | None = None

    @classmethod
    def compiled(cls, text: str, place: Place) -> Self:
        return cls(formula_in(text, place))

    def bound(self, scope: MutableMapping[str, Any], functions: Mapping[str, Any] | None) -> Self:
        return replace(self, scope=scope, functions=functions)

    def holds(self) -> bool:
        return is_true(self._resolved(self.condition), self.condition.text)

    def chosen(self) -> Any:
        return self._resolved(self.value)

    def _resolved(self, value: Any) -> Any:
        assert self.scope is not None, "the runner binds it before the call"
        return resolved(value, self.scope, self.functions)

    def __repr__(self) -> str:
        return self.condition.text
