"""The setting `repeatBy` of a webhook: under which value its sender repeats a delivery."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from pfnb.exceptions import ParameterError
from pfnb.language.expression_text import ExpressionText, template_in
from pfnb.language.extent import shown
from pfnb.language.response import is_header_name

NO_REPEATS = "none"
SENDERS_OWN = ExpressionText("")
"""What well-known senders call a delivery; `default` stands for it."""


def is_expression(repeat_by: str) -> bool:
    return "{" in repeat_by


def _check(repeat_by: str) -> str:
    repeat_by = repeat_by.strip()
    if repeat_by in (SENDERS_OWN, "default"):
        return SENDERS_OWN
    if is_expression(repeat_by):
        template_in(repeat_by, "repeatBy")
    elif not is_header_name(repeat_by):
        raise ParameterError(
            "repeatBy must be a header's name such as X-Request-Id, an expression such as #{body.payload.id}, none or default, "
            f"not {shown(repeat_by)}"
        )
    return repeat_by


RepeatBy = Annotated[ExpressionText, AfterValidator(_check)]
