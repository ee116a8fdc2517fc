"""Whom a pipeline may call: the internet, and of this machine and its network only what was allowed.

A pipeline may be fed with addresses by strangers, and whatever runs it can reach more than they can. So a name is resolved
here, every address it has is checked, and the connection goes to the one that was checked.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from pfnb.exceptions import AccessDeniedError, OutboundError

VARIABLE = "PFNB_ALLOW_TARGETS"
"""The environment variable that names what else may be called: hosts, `*.example.org`, addresses, networks; or `*`."""

_Address = IPv4Address | IPv6Address
_Network = IPv4Network | IPv6Network
_UNICAST = ip_network("2000::/3")
_TUNNELS = (ip_network("2001::/32"), ip_network("2002::/16"))
"""Teredo and 6to4 carry an IPv4 address within, which may be a private one."""
_RELAY = ip_network("192.88.99.0/24")


class Targets:
    """`allowed` are host names (`*` stands for any part), addresses and networks that may be called although not public."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._names: list[str] = []
        self._networks: list[_Network] = []
        for word in allowed:
            try:
                self._networks.append(ip_network(word.strip("[]"), strict=False))
            except ValueError:
                self._names.append(word.lower())

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Targets:
        """What `PFNB_ALLOW_TARGETS` lists, by commas or spaces."""
        return cls(environ.get(VARIABLE, "").replace(",", " ").split())

    async def resolve(self, host: str, port: int) -> str:
        """The address to connect to. AccessDeniedError if any address of this host may not be called; OutboundError if it
        has none."""
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise OutboundError(f"there is no host {host}: {getattr(error, 'strerror', None) or error}") from error
        addresses = [str(entry[4][0]) for entry in found]
        for address in addresses:
            self.check(host, address)
        return addresses[0]

    def check(self, host: str, address: str) -> None:
        """AccessDeniedError if this address of the host may not be called."""
        parsed = _unwrapped(ip_address(address.partition("%")[0]))
        if _is_public(parsed) or any(parsed in network for network in self._networks):
            return
        if any(fnmatchcase(host.lower().rstrip("."), name) for name in self._names):
            return
        shown = host if host == address else f"{host} ({address})"
        raise AccessDeniedError(
            f"{shown} is not a public address, and a pipeline may not call it: whoever runs this hub or kernel can allow it "
            f"by {VARIABLE}={host}"
        )


def _unwrapped(address: _Address) -> _Address:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped


def _is_public(address: _Address) -> bool:
    if not address.is_global or address.is_multicast:
        return False
    if isinstance(address, IPv4Address):
        return address not in _RELAY
    return address in _UNICAST and not any(address in network for network in _TUNNELS)
