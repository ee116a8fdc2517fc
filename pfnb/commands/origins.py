"""Origins of web pages, as browsers name them in the header `Origin`: a webhook's `cors`."""

from __future__ import annotations

import re

from pfnb.exceptions import ParameterError

NO_ORIGIN = "none"
"""What `cors` is where no page may call."""
MOST = 100
_ORIGIN = re.compile(r"https?://[a-z0-9.-]{1,253}(:[0-9]{1,5})?|https?://\[[0-9a-f:.]{2,45}\](:[0-9]{1,5})?")


def origins_of(given: object) -> list[str]:
    """The origins in a list, or in a text between commas or spaces. Empty allows all, as does `*`; `none` allows none.

    ParameterError for anything that a browser would not send.
    """
    listed = given.replace(",", " ").split() if isinstance(given, str) else given
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise ParameterError("cors must be a list of origins, such as https://shop.example, or none")
    origins = [one.lower().rstrip("/") for one in listed]
    if origins in ([NO_ORIGIN], ["*"]):
        return [] if origins == ["*"] else origins
    if len(origins) > MOST:
        raise ParameterError(f"cors may have at most {MOST} origins, not {len(origins)}")
    for one in origins:
        if not _ORIGIN.fullmatch(one):
            raise ParameterError(
                f"cors: {one[:100]} is not an origin: write scheme, host and port only, such as https://shop.example"
            )
    return origins
