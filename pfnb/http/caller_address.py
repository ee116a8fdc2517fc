"""Identifies the caller of a connection or request by address."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv6Address

from tornado.httputil import HTTPServerRequest

from pfnb.language.networks import Network, address_of

NETWORK_BITS = 64
"""One caller usually owns the whole /64 network of an IPv6 address."""


_PAIR = re.compile(r'\s*([a-z]+)\s*=\s*(?:"([^"\\]*)"|([^\s"\\]*))\s*', re.IGNORECASE)
"""One pair of `Forwarded`, such as `for="[2001:db8::1]:4711"`."""
_WITH_PORT = re.compile(r"\[([^\]]*)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}", re.ASCII)
"""An address with a port, or an IPv6 address in brackets."""


@lru_cache(1024)
def owner_of(address: str) -> str:
    """The key for per-address limits: the address itself, or the /64 network for IPv6."""
    parsed = address_of(address)
    if isinstance(parsed, IPv6Address):
        return str(IPv6Address(int(parsed) >> NETWORK_BITS << NETWORK_BITS))
    return str(parsed or address)


@lru_cache(1024)
def is_among(address: str, networks: tuple[Network, ...]) -> bool:
    parsed = address_of(address)
    return parsed is not None and any(parsed in network for network in networks)


def caller_address(request: HTTPServerRequest, proxies: tuple[Network, ...]) -> str:
    """The sender's address: the last one in X-Forwarded-For that is not a trusted proxy's. Without that header, the same in
    Forwarded (RFC 7239). A proxy usually writes only X-Forwarded-For, and passes on a Forwarded that the sender made up."""
    peer = request.remote_ip or ""
    if not proxies or not is_among(peer, proxies):
        return peer
    lines = request.headers.get_list("X-Forwarded-For")
    if lines:
        return _last_unknown((each for line in lines for each in line.split(",")), proxies) or peer
    return _last_unknown(_forwarded(request.headers.get_list("Forwarded")), proxies) or peer


def _forwarded(lines: Iterable[str]) -> Iterable[str]:
    """The `for` of each element; the empty text where there is none.

    Every comma ends an element, also one within quotes: no address has one, and the quotes may be the sender's."""
    for line in lines:
        for element in line.split(","):
            pairs = [_PAIR.fullmatch(each) for each in element.split(";")]
            known = {pair[1].lower(): pair[2] or pair[3] for pair in pairs if pair is not None}
            yield known.get("for") or "" if None not in pairs else ""


def _last_unknown(entries: Iterable[str], proxies: tuple[Network, ...]) -> str | None:
    for entry in reversed(list(entries)):
        address = _without_port(entry.strip())
        if address_of(address) is None:
            return None  # entries before this one were not written by a trusted proxy
        if not is_among(address, proxies):
            return address
    return None


def _without_port(entry: str) -> str:
    """Some proxies add the port of the connection."""
    found = _WITH_PORT.fullmatch(entry)
    return (found[1] or found[2] or "") if found else entry
