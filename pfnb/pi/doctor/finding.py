"""What a check has found: a row of `pfnb doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`what` is the fact, in words; `mend` says what to do about it, and is empty if all is well."""

    name: str
    level: Level
    what: str
    mend: str = ""


def ok(name: str, what: str) -> Finding:
    return Finding(name, "ok", what)


def warning(name: str, what: str, mend: str) -> Finding:
    return Finding(name, "warning", what, mend)


def problem(name: str, what: str, mend: str) -> Finding:
    return Finding(name, "problem", what, mend)
