"""What counts as true for `if` and `filter`."""

from __future__ import annotations

from typing import Any

from pfnb.exceptions import ParameterError
from pfnb.language.extent import shown

_WORDS = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0", ""), False),
}


def is_true(value: Any, parameter: str) -> bool:
    """PIPEFORCE's rule: false, null, an empty text and negative numbers are false; texts such as `yes` and `off` are converted
    as in expressions. Raises ParameterError for other texts, lists and maps, which are more likely a mistake."""
    if isinstance(value, bool):
        return value
    if value is None:
        return False
    if isinstance(value, (int, float)):
        return value >= 0
    if isinstance(value, str) and value.strip().lower() in _WORDS:
        return _WORDS[value.strip().lower()]
    hint = f' (an expression is written "#{{{value}}}")' if isinstance(value, str) and len(value) <= 60 else ""
    raise ParameterError(f"{parameter} must be true or false, not {shown(value)}{hint}")
