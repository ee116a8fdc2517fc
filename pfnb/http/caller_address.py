"""Identifies the caller of a connection or request by address."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from tornado.httputil import HTTPServerRequest

from pfnb.http.capacity import Network

NETWORK_BITS = 64
"""One caller usually owns the whole /64 network of an IPv6 address."""


@lru_cache(1024)
def owner_of(address: str) -> str:
    """The key for per-address limits: the address itself, or the /64 network for IPv6."""
    parsed = _parsed(address)
    if isinstance(parsed, IPv6Address):
        return str(IPv6Address(int(parsed) >> NETWORK_BITS << NETWORK_BITS))
    return str(parsed or address)


@lru_cache(1024)
def is_among(address: str, networks: tuple[Network, ...]) -> bool:
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in networks)


def caller_address(request: HTTPServerRequest, proxies: tuple[Network, ...]) -> str:
    """The sender's address: the last one in X-Forwarded-For that is not a trusted proxy's."""
    peer = request.remote_ip or ""
    if not proxies or not is_among(peer, proxies):
        return peer
    return _last_unknown(request.headers.get_list("X-Forwarded-For"), proxies) or peer


def _last_unknown(lines: Sequence[str], proxies: tuple[Network, ...]) -> str | None:
    named = [each.strip() for line in lines for each in line.split(",")]
    for address in reversed(named):
        if _parsed(address) is None:
            return None  # entries before this one were not written by a trusted proxy
        if not is_among(address, proxies):
            return address
    return None


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, IPv6Address) else parsed
