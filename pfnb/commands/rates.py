"""How often a webhook may be called, as people write it: `100/minute`, `5/s burst 20`, or a map."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pfnb.exceptions import ParameterError
from pfnb.language.durations import UNITS, duration_of, unit_of
from pfnb.language.extent import shown

MOST = 1_000_000
LONGEST = UNITS["d"]
"""Seconds."""
_RATE = re.compile(
    r"(?P<requests>[0-9]{1,9}) *(?:/|per\b) *(?P<number>[0-9]{1,9})? *(?P<unit>[a-z]+)"
    r"(?: *,? *burst *[= ] *(?P<burst>[0-9]{1,9}))?",
    re.ASCII | re.IGNORECASE,
)
_FORMS = "100/minute, 5/s burst 20, or a map of requests, per and burst"


def rate_of(given: Any) -> dict[str, float]:
    """A rate as a map: `requests` in each `per`, in seconds, up to `burst` of them at once, which is as many as `requests` by
    default. Empty for no limit. Raises ParameterError."""
    if isinstance(given, str):
        given = _read(given.strip())
    if not isinstance(given, Mapping):
        raise ParameterError(f"rate must be like {_FORMS}, not {shown(given)}")
    if not given:
        return {}
    unknown = given.keys() - {"requests", "per", "burst"}
    if unknown or "requests" not in given or "per" not in given:
        raise ParameterError(f"rate must have requests and per, and may have burst: {_FORMS}")
    requests = _count(given["requests"], "rate.requests")
    burst = given.get("burst")
    return {
        "requests": requests,
        "per": duration_of(given["per"], "rate.per", most=LONGEST),
        "burst": requests if burst is None else _count(burst, "rate.burst"),
    }


def _read(text: str) -> Any:
    if text.lower() in ("", "none"):
        return {}
    if text.startswith("{"):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise ParameterError(f"rate is not JSON: {shown(text)}") from None
    found = _RATE.fullmatch(text)
    try:
        per = unit_of(found["unit"]) if found is not None else 0.0
    except KeyError:
        found = None
    if found is None:
        raise ParameterError(f"rate must be like {_FORMS}, not {shown(text)}")
    rate: dict[str, Any] = {"requests": int(found["requests"]), "per": per * int(found["number"] or 1)}
    return rate | ({"burst": int(found["burst"])} if found["burst"] else {})


def _count(given: Any, name: str) -> int:
    if isinstance(given, str) and given.isascii() and given.isdecimal():
        given = int(given[:9])
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= MOST:
        raise ParameterError(f"{name} must be a whole number from 1 to {MOST:,}, not {shown(given)}")
    return given
