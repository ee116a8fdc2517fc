"""Parameters with an origin: the command knows whether the text is literal in the pipeline or computed.

A computed text may come from a stranger. So a command that runs a text, or acts on behalf of its author, uses such a parameter;
the parser decides which it is.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, replace
from typing import Any, Self

from pfnb.exceptions import ParameterError, PelSyntaxError
from pfnb.language import pel
from pfnb.language.deferred import Deferred
from pfnb.language.formula import Formula
from pfnb.language.pel.values import is_number, kind
from pfnb.language.place import Place, relocate


@dataclass(frozen=True, slots=True)
class Written(Deferred):
    """A text with its origin. `is_literal`: it is written in the pipeline, without expressions.

    The command gets it evaluated, as `text`.
    """

    content: str | Formula
    is_literal: bool = False

    @classmethod
    def literal(cls, text: str) -> Self:
        """A text written by the pipeline's author or the command's caller."""
        return cls(text, is_literal=True)

    @classmethod
    def compiled(cls, text: str, place: Place) -> Self:
        try:
            template = pel.parse_template(text, place.marks)
        except PelSyntaxError as error:
            relocate(error, text, place)
            raise
        return cls.literal(text) if template.is_text else cls(Formula(template, place, text))

    @classmethod
    def given(cls, text: str) -> Self:
        return cls.literal(text)

    def bound(self, scope: MutableMapping[str, Any], functions: Mapping[str, Any] | None) -> Self:
        if isinstance(self.content, str):
            return self
        value, place = self.content.evaluate(scope, functions), self.content.place
        if is_number(value):
            value = str(value)
        if not isinstance(value, str) or not value:
            found = "an empty one" if value == "" else kind(value)
            raise ParameterError(f"expected a text, not {found}", line=place.line, column=place.column)
        return replace(self, content=value)

    @property
    def formula(self) -> Formula | None:
        """The expression, until it is evaluated."""
        return self.content if isinstance(self.content, Formula) else None

    @property
    def text(self) -> str:
        assert isinstance(self.content, str), "the runner evaluates it before the call"
        return self.content

    def __repr__(self) -> str:
        return self.content if isinstance(self.content, str) else self.content.text
