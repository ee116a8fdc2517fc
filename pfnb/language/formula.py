"""A compiled expression of the document, with its place."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Protocol

from pfnb.exceptions import PelError, PelSyntaxError
from pfnb.language import pel
from pfnb.language.place import Place, relocate


class Evaluable(Protocol):
    """What `pel.Expression` and `pel.Template` have in common."""

    @property
    def may_block(self) -> bool: ...

    @property
    def changes(self) -> bool: ...

    def evaluate(self, scope: MutableMapping[str, Any], functions: Mapping[str, Any] | None = None) -> Any: ...


@dataclass(frozen=True, slots=True)
class Formula:
    """An expression, or a text with expressions in it, with its place."""

    code: Evaluable
    place: Place
    text: str
    is_address: bool = False
    """Whether it is written as an address, which stands for what it points to."""

    def evaluate(self, scope: MutableMapping[str, Any], functions: Mapping[str, Any] | None) -> Any:
        """The value over a scope. Raises PelErrors with the document's line and column."""
        try:
            return self.code.evaluate(scope, functions)
        except PelError as error:
            relocate(error, self.text, self.place)
            raise


def formula_in(text: str, place: Place) -> Formula:
    """The expression of a text, bare or within `#{…}`. Raises PelSyntaxError with the document's line and column."""
    try:
        template = pel.parse_template(text, place.marks)
        return Formula(pel.parse(text) if template.is_text else template, place, text)
    except PelSyntaxError as error:
        relocate(error, text, place)
        raise
