"""Expressions that a command hands on as written, because they are evaluated later and over something else."""

from __future__ import annotations

from typing import Any, Self

from pfnb.exceptions import ParameterError, PelSyntaxError
from pfnb.language.deferred import Deferred
from pfnb.language.extent import shown
from pfnb.language.pel import Template, parse, parse_template
from pfnb.language.place import Place

LONGEST = 4_000


class ExpressionText(str, Deferred):
    """The text of an expression, with its marks: `#{body.payload.id}`. A pipeline does not evaluate it, so a computed text is
    never taken for one."""

    __slots__ = ()

    @classmethod
    def compiled(cls, text: str, place: Place) -> Self:  # noqa: ARG003  # whoever takes it checks it
        return cls(text)

    def bound(self, scope: Any, functions: Any) -> Self:  # noqa: ARG002
        return self

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(str, core_schema.str_schema())

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: Any, _handler: Any) -> dict[str, Any]:
        return {"type": "string", "minLength": 1}


def template_in(text: str, what: str) -> Template:
    """The text, parsed. ParameterError, which says `what` it is for, if it has no expression or a wrong one."""
    if len(text) > LONGEST:
        raise ParameterError(f"{what} may have at most {LONGEST:,} characters, not {len(text):,}")
    try:
        template = parse_template(text)
    except PelSyntaxError as error:
        raise ParameterError(f"{what}: {error.message} (column {error.column})") from error
    if template.is_text:
        raise ParameterError(f"{what} must be an expression such as #{{body.payload.id}}, not {shown(text)}")
    return template


def one_condition(text: Any, what: str) -> str:
    """The same as `one_expression`, for a condition. It must not change the event: whoever writes `=` means `==`."""
    expression = one_expression(text, what)
    if template_in(expression, what).changes:
        raise ParameterError(f"{what}: {shown(text)} changes the event: compare with ==, since = sets a value")
    return expression


def one_expression(text: Any, what: str) -> str:
    """A text that is one expression, within `#{…}` also if it was given bare. ParameterError, which says `what` it is for."""
    if not isinstance(text, str):
        raise ParameterError(f"{what} must be an expression such as #{{body.payload.id}}, not {shown(text)}")
    expression = text.strip()
    try:
        if parse_template(expression).is_text:
            parse(expression)
            expression = f"#{{{expression}}}"
    except PelSyntaxError as error:
        raise ParameterError(f"{what}: {error.message} (column {error.column})") from error
    if not template_in(expression, what).is_expression:
        raise ParameterError(f"{what} must be one expression such as #{{body.payload.id}}, not {shown(text)}")
    return expression
