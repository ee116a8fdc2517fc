"""Checks a hub's address and token as given by a user, before the token is sent anywhere. Used by all clients of a hub."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from pfnb.exceptions import NotAuthenticatedError, ParameterError


def checked_url(url: str, named_by: str) -> str:
    """The root of a hub without a final slash. ParameterError, without secrets in it, if it is not a hub's address."""
    try:
        parts = urlsplit(url)
        is_right = (
            url.isascii()
            and not any(character.isspace() or not character.isprintable() for character in url)
            and parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.port != 0
            and "\\" not in url
            and not (parts.query or parts.fragment or "@" in parts.netloc)
        )
    except ValueError:
        is_right = False
    if not is_right:
        raise ParameterError(
            f"{named_by} is not a hub's address: write one such as http://127.0.0.1:8899/pfnb, with http or https, a host "
            "and a path, without user, query or token"
        )
    return url.rstrip("/")


def checked_token(token: str, named_by: str) -> str:
    """A token that a header can carry. NotAuthenticatedError, without the token in it, for any other."""
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise NotAuthenticatedError(
            f"{named_by} is not a token: a token contains only letters, digits and signs, no spaces or line breaks"
        )
    return token


def is_open_to_listeners(url: str) -> bool:
    """Whether a token for this hub goes through a network unencrypted."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        is_here = ip_address(host).is_loopback
    except ValueError:
        is_here = host == "localhost" or host.endswith(".localhost")
    return parts.scheme == "http" and not is_here
