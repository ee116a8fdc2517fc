"""From a place in a payload to the expression that reads it in a pipeline."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NAME = re.compile(r"(?:[^\W\d]|\$)[\w$]*")


def expression(root: str, steps: Iterable[str | int]) -> str:
    """`#{body.payload.lines[0]['unit price']}`, of the root `body.payload` and the steps `lines`, 0, `unit price`."""
    return f"#{{{root}{''.join(map(_step, steps))}}}"


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    if _NAME.fullmatch(step):
        return f".{step}"
    doubled = step.replace("'", "''")
    return f"['{doubled}']"
