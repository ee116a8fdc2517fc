"""How often a webhook may be called, as people write it: `100/minute`, `5/s burst 20`, or a map."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from pfnb.exceptions import ParameterError
from pfnb.language.durations import UNITS, duration_of, unit_of
from pfnb.language.extent import shown
from pfnb.language.maps import NOTHING, MapOf

MOST = 1_000_000
LONGEST = UNITS["d"]
"""Seconds."""
_RATE = re.compile(
    r"(?P<requests>[0-9]{1,9}) *(?:/|per\b) *(?P<number>[0-9]{1,9})? *(?P<unit>[a-z]+)"
    r"(?: *,? *burst *[= ] *(?P<burst>[0-9]{1,9}))?",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True)
class RateKeys:
    """The keys of the map."""

    requests: Annotated[int, Field(ge=1, le=MOST, description="how many requests")]
    per: Annotated[
        float,
        BeforeValidator(partial(duration_of, name="rate.per", most=LONGEST)),
        Field(description="in which time, such as 1m"),
    ]
    burst: Annotated[
        int | None,
        Field(ge=1, le=MOST, description="how many of them may come at once; by default as many as requests"),
    ] = None


_MAP = MapOf("rate", RateKeys)


def rate_of(given: Any) -> dict[str, Any]:
    """A rate as a complete map, with `per` in seconds. Empty for no limit. Raises ParameterError."""
    written = _written(given.strip()) if isinstance(given, str) else given
    rate: dict[str, Any] = _MAP.read(written) if written else {}
    return {"burst": rate["requests"], **rate} if rate else {}


Rate = Annotated[dict[str, Any], _MAP, BeforeValidator(lambda given: rate_of(given) or NOTHING)]


def _written(text: str) -> Any:
    if text.lower() in ("", NOTHING) or text.startswith("{"):
        return text
    found = _RATE.fullmatch(text)
    try:
        per = unit_of(found["unit"]) if found is not None else 0.0
    except KeyError:
        found = None
    if found is None:
        raise ParameterError(
            f"rate must be like 100/minute, 5/s burst 20, a map of requests, per and burst, or none, not {shown(text)}"
        )
    rate = {"requests": int(found["requests"]), "per": per * int(found["number"] or 1)}
    return rate | ({"burst": int(found["burst"])} if found["burst"] else {})
