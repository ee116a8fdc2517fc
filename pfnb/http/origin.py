"""Checks a hub's address, port and token as given by a user: by hubs before they start, by clients before they send the token."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from pfnb.exceptions import NotAuthenticatedError, ParameterError

MAX_PORT = 65_535


def public_url(environ: Mapping[str, str], given: str | None, named_by: str) -> str | None:
    """The hub's address for callers outside: the given one, else that of `PFNB_PUBLIC_URL`; None without both. ParameterError
    for any other text."""
    url, source = (given, named_by) if given else (environ.get("PFNB_PUBLIC_URL"), "PFNB_PUBLIC_URL")
    return checked_url(url, source, "https://hooks.example.org/pfnb") if url else None


def chosen_port(environ: Mapping[str, str], default: int) -> int:
    """The port of a hub that starts: that of `PFNB_PORT`, else the default. ParameterError for what is not a port."""
    text = environ.get("PFNB_PORT")
    return checked_port(text, "PFNB_PORT: ") if text else default


def checked_port(text: str, named_by: str = "") -> int:
    """A port, from its text. ParameterError, which begins with `named_by`, for any other text."""
    if not (text.isascii() and text.isdecimal()) or int(text[:10]) > MAX_PORT:
        raise ParameterError(f"{named_by}{text[:30]} is not a port: write a number from 0 to {MAX_PORT}")
    return int(text)


def checked_url(url: str, named_by: str, example: str = "http://127.0.0.1:8899/pfnb") -> str:
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
            f"{named_by} is not a hub's address: write one such as {example}, with http or https, a host and a path, "
            "without user, query or token"
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
