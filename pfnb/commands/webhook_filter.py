"""The setting `filter` of a webhook: the condition under which a request becomes an event."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from pfnb.language.expression_text import ExpressionText, one_condition

EVERYTHING = ExpressionText("")
"""No filter."""


def _check(text: str) -> str:
    return EVERYTHING if text.strip().lower() in ("", "none") else one_condition(text, "filter")


Filter = Annotated[ExpressionText, AfterValidator(_check)]
