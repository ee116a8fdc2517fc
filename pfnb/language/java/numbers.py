"""Numbers in Java's decimal patterns, such as `#,##0.00`: for `@convert` and whatever else writes or reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from pfnb.exceptions import ParameterError
from pfnb.language.java.locales import number_symbols

MAX_DIGITS = 400
"""Digits of a number, and characters of a pattern."""

PRECISE = Context(prec=2 * MAX_DIGITS, Emax=2 * MAX_DIGITS, Emin=-2 * MAX_DIGITS)
"""Lossless arithmetic on all numbers accepted here."""

DEFAULT_PATTERN = "#,##0.###"
_NUMBER = re.compile(r"[-+]?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?|[-+]?\.[0-9]+")
_PATTERN = re.compile(
    r"(?P<prefix>(?:'[^']*'|[^#0,.'])*)(?P<whole>[#,]*[0,]*)(?:\.(?P<fraction>0*#*))?(?P<suffix>(?:'[^']*'|[^#0,.'])*)"
)
_SHIFTS: Mapping[str, int] = MappingProxyType({"%": 2, "‰": 3})


@dataclass(frozen=True, slots=True)
class _Pattern:
    """`shift`: how many digits a percentage is shifted by; `group`: digits between grouping symbols, 0 for none."""

    prefix: str
    suffix: str
    shift: int
    group: int
    least_whole: int
    least_fraction: int
    most_fraction: int


def to_number(value: Any, symbol: str | None = ".") -> Decimal:
    """The exact number of a value, or of a text that spells one. Raises ParameterError."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal, str)):
        raise ParameterError("expected a number, or a text that is one")
    text = value if isinstance(value, str) else repr(value) if isinstance(value, float) else None
    if text is None:
        number = Decimal(value)
    else:
        decimal, group = number_symbols(symbol) if isinstance(value, str) else (".", "")
        plain = "".join(text[: MAX_DIGITS + 1].split()).replace(group, "").replace(decimal, ".")
        if len(text) > MAX_DIGITS or not _NUMBER.fullmatch(plain):
            raise ParameterError(f'"{text[:40]}" is not a number')
        number = Decimal(plain)
    if not number.is_finite() or abs(number.adjusted()) > MAX_DIGITS:
        raise ParameterError(f"a number may have at most {MAX_DIGITS} digits")
    return number


def rounded(number: Decimal, scale: int, mode: str = ROUND_HALF_EVEN) -> Decimal:
    """The number with `scale` digits after the point; a negative scale rounds before it. Raises ParameterError."""
    if abs(scale) > MAX_DIGITS:
        raise ParameterError(f"a scale must be from -{MAX_DIGITS} to {MAX_DIGITS}, not {scale}")
    try:
        return number.quantize(Decimal((0, (1,), -scale)), mode, PRECISE)
    except InvalidOperation:
        raise ParameterError(f"this number has no {scale} digits after the point") from None


def format_number(number: Decimal, pattern: str = DEFAULT_PATTERN, symbol: str | None = None) -> str:
    """Format a number by the pattern; halves are rounded to even, as in Java. Raises ParameterError."""
    form = _read(pattern)
    decimal, group = number_symbols(symbol)
    shown = rounded(number.scaleb(form.shift, PRECISE), form.most_fraction)
    whole, _, fraction = f"{abs(shown):f}".partition(".")
    fraction = fraction.rstrip("0").ljust(form.least_fraction, "0")
    digits = whole.lstrip("0").rjust(form.least_whole, "0")
    if not digits and not fraction:
        digits = "0"
    sign = "-" if shown < 0 else ""
    end = f"{decimal}{fraction}" if fraction else ""
    return f"{form.prefix if not sign else sign + form.prefix}{_grouped(digits, form.group, group)}{end}{form.suffix}"


def read_number(text: str, pattern: str, symbol: str | None = None) -> Decimal:
    """Parse a text in the pattern's format; a percentage becomes a fraction. Raises ParameterError."""
    form = _read(pattern)
    inner = text.strip()
    sign = "-" if inner.startswith("-") else ""
    inner = inner.removeprefix("-").removeprefix(form.prefix).removesuffix(form.suffix)
    return to_number(sign + inner.strip(), symbol).scaleb(-form.shift, PRECISE)


@lru_cache(maxsize=256)
def _read(pattern: str) -> _Pattern:
    found = _PATTERN.fullmatch(pattern) if len(pattern) <= MAX_DIGITS else None
    if found is None or not (found["whole"] or found["fraction"]):
        raise ParameterError(f'"{pattern[:40]}" is not a number pattern: write #,##0.00, with text between quotes')
    whole, fraction = found["whole"], found["fraction"] or ""
    outside = found["prefix"] + found["suffix"]
    return _Pattern(
        prefix=found["prefix"].replace("'", ""),
        suffix=found["suffix"].replace("'", ""),
        shift=next((shift for mark, shift in _SHIFTS.items() if mark in outside), 0),
        group=len(whole) - whole.rindex(",") - 1 if "," in whole else 0,
        least_whole=whole.count("0"),
        least_fraction=fraction.count("0"),
        most_fraction=len(fraction),
    )


def _grouped(digits: str, size: int, symbol: str) -> str:
    if not size:
        return digits
    first = len(digits) % size
    groups = [digits[:first]] if first else []
    return symbol.join([*groups, *(digits[at : at + size] for at in range(first, len(digits), size))])
