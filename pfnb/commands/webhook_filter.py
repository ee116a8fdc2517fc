"""The setting `filter` of a webhook: the condition under which a request becomes an event."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from pfnb.exceptions import ParameterError, PelSyntaxError
from pfnb.language.expression_text import ExpressionText, template_in
from pfnb.language.extent import shown
from pfnb.language.pel import parse, parse_template

EVERYTHING = ExpressionText("")
"""No filter."""


def _check(text: str) -> str:
    """The expression within `#{…}`, also if it was given bare; empty for no filter."""
    text = text.strip()
    if text.lower() in ("", "none"):
        return EVERYTHING
    try:
        if parse_template(text).is_text:
            parse(text)
            text = f"#{{{text}}}"
    except PelSyntaxError as error:
        raise ParameterError(f"filter: {error.message} (column {error.column})") from error
    if not template_in(text, "filter").is_expression:
        raise ParameterError(f"filter must be one expression such as #{{body.payload.total > 100}}, not {shown(text)}")
    return text


Filter = Annotated[ExpressionText, AfterValidator(_check)]
