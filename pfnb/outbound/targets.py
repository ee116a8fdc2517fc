"""Which targets a pipeline may call: the internet, but on this machine and its network only what is explicitly allowed.

Strangers may supply addresses to a pipeline, and its machine can reach more than they can (SSRF). So names are resolved here,
every resulting address is checked, and the connection goes to the checked address.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from pfnb.exceptions import AccessDeniedError, OutboundError, ParameterError

VARIABLE = "PFNB_ALLOW_TARGETS"
"""The environment variable with further allowed targets: hosts, `*.example.org`, addresses, networks."""

_Address = IPv4Address | IPv6Address
_Network = IPv4Network | IPv6Network
_UNICAST = ip_network("2000::/3")
_TUNNELS = (ip_network("2001::/32"), ip_network("2002::/16"))
"""Teredo and 6to4 embed an IPv4 address, which may be private."""
_RELAY = ip_network("192.88.99.0/24")
_MAPPED = IPv6Network("::ffff:0:0/96")
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*")
_NUMBER = re.compile(r"(.*\.)?(0x[0-9a-f]*|[0-9]+)")
"""A host with such an ending is an IPv4 address in one of its many forms, or invalid."""
_PREFIX = re.compile(r"[0-9]{1,3}")
_RIGHT = "an entry must be a host (db.example.org), *.example.org, an address (10.0.0.1, ::1) or a network (10.0.0.0/8)"


class Targets:
    """`allowed` are targets that may be called although not public: hosts, `*.` and a host for its subdomains, addresses,
    networks. ParameterError for anything else."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._hosts: set[str] = set()
        self._suffixes: tuple[str, ...] = ()
        self._networks: list[_Network] = []
        for entry in allowed:
            self._allow(entry)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Targets:
        """The entries of `PFNB_ALLOW_TARGETS`, separated by commas or spaces."""
        text = environ.get(VARIABLE, "").strip()
        return cls(re.split(r"\s*,\s*|\s+", text) if text else ())

    def _allow(self, entry: str) -> None:
        bare = entry[1:-1] if entry.startswith("[") and entry.endswith("]") else entry
        if "/" in entry or ":" in bare or _NUMBER.fullmatch(entry.lower()):
            self._networks.append(_network(entry, bare))
            return
        suffix = entry.removeprefix("*.")
        name = _ascii(suffix)
        if name is None or not _HOST.fullmatch(name) or _NUMBER.fullmatch(name):
            raise ParameterError(f"{VARIABLE}: {entry!r} cannot be allowed: {_RIGHT}")
        if suffix == entry:
            self._hosts.add(name)
        else:
            self._suffixes += (f".{name}",)

    async def resolve(self, host: str, port: int) -> str:
        """The address to connect to. AccessDeniedError if any address of this host may not be called; OutboundError if it
        has none."""
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, ValueError) as error:  # ValueError: an invalid host name
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
        name = _ascii(host)
        if name is not None and (name in self._hosts or name.endswith(self._suffixes)):
            return
        shown = host if host == address else f"{host} ({address})"
        raise AccessDeniedError(
            f"{shown} is not a public address, so a pipeline may not call it: the operator of this hub or kernel can allow "
            f"it with {VARIABLE}={host}"
        )


def _network(entry: str, bare: str) -> _Network:
    """An address or a network. IPv4 addresses within IPv6 count as IPv4: that is how they are called."""
    prefix = entry.partition("/")[2]
    try:
        if "/" in entry and not _PREFIX.fullmatch(prefix):
            raise ValueError(f"{prefix!r} is not a prefix length")
        if "%" in entry:
            raise ValueError("an address cannot have an interface")
        network = ip_network(bare)
    except ValueError as error:
        raise ParameterError(f"{VARIABLE}: {entry!r} cannot be allowed ({error}): {_RIGHT}") from error
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        return ip_network((int(network.network_address) & 0xFFFFFFFF, network.prefixlen - 96))
    return network


def _ascii(host: str) -> str | None:
    """A host's name in lookup form: lower case, no final dot, IDNA-encoded. None if that fails."""
    name = host.lower().removesuffix(".")
    if name.isascii():
        return name
    try:
        return name.encode("idna").decode()
    except UnicodeError:
        return None


def _unwrapped(address: _Address) -> _Address:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped


def _is_public(address: _Address) -> bool:
    if not address.is_global or address.is_multicast:
        return False
    if isinstance(address, IPv4Address):
        return address not in _RELAY
    return address in _UNICAST and not any(address in network for network in _TUNNELS)
