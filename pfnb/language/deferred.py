"""Parameters that a command evaluates itself, as often as it likes: it gets expressions instead of their values.

A command asks for one by the parameter's type: `where: Lazy`. Other parameters that take text as written derive from Deferred,
too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Self, get_args, get_origin

from pfnb.exceptions import ParameterError, PelError, PelSyntaxError, PfnbError
from pfnb.language import pel
from pfnb.language.formula import Formula, formula_in
from pfnb.language.place import Place, relocate

BARE = Place(((0, 1, 1),))
"""The place of a text that is not part of a document."""
_SKIPPED = r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[(\[{]|[)\]}]"


class Deferred:
    """A text that is compiled with its pipeline, but evaluated over a run's scope only when the command uses it."""

    __slots__ = ()

    @classmethod
    def compiled(cls, text: str, place: Place) -> Self:
        """Compile the text. Raises ParameterError or PelSyntaxError, with line and column."""
        raise NotImplementedError

    @classmethod
    def given(cls, text: str) -> Self:
        """Compile a text outside of any pipeline, for a command that is called by itself. Raises as `compiled`."""
        return cls.compiled(text, BARE)

    def bound(self, scope: MutableMapping[str, Any], functions: Mapping[str, Any] | None) -> Self:
        """The same, over the values of a run."""
        raise NotImplementedError

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.is_instance_schema(cls)

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: Any, _handler: Any) -> dict[str, Any]:
        return {"type": "string", "minLength": 1}


@dataclass(frozen=True, slots=True)
class Lazy(Deferred):
    """An expression, or several with semicolons between them; bare or within `#{…}`.

    Call it with further names beside `vars`, `body` and `headers`: `where(item=one)`. It returns the value of the last
    expression. It may take long: let the command that calls it be a plain `def`, which runs in a thread.
    """

    formulas: tuple[Formula, ...]
    scope: MutableMapping[str, Any] | None = None
    functions: Mapping[str, Any] | None = None

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: Any, _handler: Any) -> dict[str, Any]:
        return {"type": ["string", "number", "boolean"], "format": "expression"}

    @classmethod
    def compiled(cls, text: str, place: Place) -> Self:
        parts = [part for part in pieces(text, ";", place) if part[0]]
        if not parts:
            raise ParameterError("expected an expression", line=place.line, column=place.column)
        return cls(tuple(formula_in(part, where) for part, where in parts))

    def bound(self, scope: MutableMapping[str, Any], functions: Mapping[str, Any] | None) -> Self:
        return replace(self, scope=scope, functions=functions)

    def __call__(self, **names: Any) -> Any:
        assert self.scope is not None, "the runner binds it before the call"
        root = {**self.scope, **names}
        value = None
        for formula in self.formulas:
            value = evaluated(formula, root, self.functions)
        for name, before in self.scope.items():
            if root[name] is not before and name not in names:
                self.scope[name] = root[name]
        return value

    def __repr__(self) -> str:
        return "; ".join(formula.text for formula in self.formulas)


@dataclass(frozen=True, slots=True)
class Verbatim(Deferred):
    """A text in another language, such as a template: what looks like an expression in it is plain text. Only a text that is
    one `#{…}` as a whole is evaluated. Call it to get the text."""

    content: str | Formula
    scope: MutableMapping[str, Any] | None = None
    functions: Mapping[str, Any] | None = None

    @classmethod
    def compiled(cls, text: str, place: Place) -> Self:
        mark = "#" if "#" in place.marks else place.marks
        if not text.lstrip().startswith(f"{mark}{{"):
            return cls(text)
        try:
            template = pel.parse_template(text.strip(), mark)
        except PelSyntaxError as error:
            relocate(error, text, place)
            raise
        return cls(Formula(template, place, text) if template.is_expression else text)

    def bound(self, scope: MutableMapping[str, Any], functions: Mapping[str, Any] | None) -> Self:
        return replace(self, scope=scope, functions=functions)

    @property
    def is_literal(self) -> bool:
        """Whether the text is written in the pipeline itself, not computed."""
        return isinstance(self.content, str) or (
            isinstance(self.content.code, pel.Template) and self.content.code.is_literal
        )

    def __call__(self) -> Any:
        if isinstance(self.content, str):
            return self.content
        assert self.scope is not None, "the runner binds it before the call"
        return evaluated(self.content, self.scope, self.functions)

    def __repr__(self) -> str:
        return self.content if isinstance(self.content, str) else self.content.text


def evaluated(formula: Formula, scope: MutableMapping[str, Any], functions: Mapping[str, Any] | None) -> Any:
    """The value of an expression during a command's call. Its errors carry their place in the pipeline: see `is_placed`."""
    try:
        return formula.evaluate(scope, functions)
    except PelError as error:
        error.has_place = True
        raise


def resolved(value: Any, scope: MutableMapping[str, Any], functions: Mapping[str, Any] | None) -> Any:
    """JSON with Formulas in it, evaluated during a command's call: see `evaluated`."""
    if isinstance(value, Formula):
        return evaluated(value, scope, functions)
    if isinstance(value, dict):
        return {key: resolved(item, scope, functions) for key, item in value.items()}
    return [resolved(item, scope, functions) for item in value] if isinstance(value, list) else value


def is_placed(error: PfnbError) -> bool:
    """Whether line and column of an error from a command's call refer to the running pipeline; otherwise they refer to another
    text."""
    return isinstance(error, PelError) and error.has_place and error.step is None


def pieces(text: str, separator: str, place: Place) -> Iterator[tuple[str, Place]]:
    """Split a text at separators (a regular expression) outside of brackets and quotes. Yields the stripped parts, each with
    its place."""
    begin = depth = 0
    for found in re.finditer(f"{_SKIPPED}|(?P<separator>{separator})", text):
        if found["separator"] is None:
            depth += (found[0] in "([{") - (found[0] in ")]}")
        elif depth <= 0:
            yield _stripped(text[begin : found.start()], begin, place)
            begin = found.end()
    yield _stripped(text[begin:], begin, place)


def _stripped(part: str, begin: int, place: Place) -> tuple[str, Place]:
    return part.strip(), place.after(begin + len(part) - len(part.lstrip()))


def deferred_kind(annotation: Any) -> type[Deferred] | None:
    """The Deferred that a parameter's annotation asks for, alone or in a union; None for any other parameter."""
    if isinstance(annotation, type):
        return annotation if issubclass(annotation, Deferred) else None
    inner = get_args(annotation)[:1] if get_origin(annotation) is Annotated else get_args(annotation)
    return next((kind for kind in map(deferred_kind, inner) if kind is not None), None)
