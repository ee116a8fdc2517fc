"""Finds a tunnel's public address in what its program prints."""

from __future__ import annotations

import re

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
_ADDRESS = re.compile(r"(?:^|(?<=[\s=\"'|>]))(https://[a-z0-9.-]+(?::\d{1,5})?)/?(?=$|[\s\"'|,])", re.IGNORECASE)
"""An https address without a path. Those of a provider's pages mostly have one, or are in brackets."""
_LOGGED = re.compile(r"\burl=(https://[a-z0-9.-]+)(?=$|\s)", re.IGNORECASE)
"""As ngrok logs it."""
_LATER = re.compile(r"\S+ tunneled with tls termination, (https://[a-z0-9.-]+)", re.IGNORECASE)
"""A line by which localhost.run announces its addresses, the first and later ones."""
_PAGES = frozenset(
    {"admin", "community", "dashboard", "developers", "docs", "forum", "help", "login", "support", "www"}
)
"""First labels of a provider's own pages."""
_LOCAL = (".local", ".localhost", ".localdomain", ".internal")


def plain_line(line: bytes) -> str:
    """The text of a line of output, without colours and control characters."""
    text = _ESCAPES.sub("", line.decode("utf-8", "replace"))
    return "".join(character if character.isprintable() else " " for character in text).strip()


def address_in(line: str, *, is_first: bool = True) -> str | None:
    """The public address in a line, without a final slash; None if there is none.

    Later lines may quote what strangers send through the tunnel, so only one whole line counts there: that of localhost.run,
    whose addresses change after some hours.
    """
    later = _LATER.fullmatch(line)
    if later is not None or not is_first:
        return None if later is None else later[1].lower()
    logged = _LOGGED.search(line)
    found = [logged[1]] if logged is not None else [each for each in _ADDRESS.findall(line) if not _is_a_page(each)]
    return next((each.lower() for each in found if _is_public(each)), None)


def _host(address: str) -> str:
    return address.lower().removeprefix("https://").partition(":")[0]


def _is_a_page(address: str) -> bool:
    return _host(address).partition(".")[0] in _PAGES


def _is_public(address: str) -> bool:
    """Whether the host is a name of the public DNS, and not an address in numbers."""
    first, _, rest = _host(address).partition(".")
    return bool(first and rest) and not rest.endswith(".") and rest[-1].isalpha() and not f".{rest}".endswith(_LOCAL)
