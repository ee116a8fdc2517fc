"""Networks of IP addresses as people write them: `10.0.0.0/8`, `2001:db8::/32`, `192.0.2.7`; and which addresses they contain."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    collapse_addresses,
    ip_address,
    ip_network,
)
from typing import TypeAlias

from pfnb.exceptions import ParameterError
from pfnb.language.extent import shown

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network
_MAPPED = IPv6Network("::ffff:0:0/96")


def address_of(text: str) -> Address | None:
    """The address in a text; None if it is none. An IPv4 address within IPv6 is the IPv4 address, an interface (`%eth0`) is left
    out."""
    try:
        parsed = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, IPv6Address) else parsed


def networks_of(given: object, name: str) -> tuple[Network, ...]:
    """The networks in a list, or in a text with commas or spaces between them. Raises ParameterError, which names the setting."""
    entries = given.replace(",", " ").split() if isinstance(given, str) else given
    if not isinstance(entries, list | tuple) or not all(isinstance(each, str) for each in entries):
        raise ParameterError(f"{name} must be a list of addresses or networks such as 10.0.0.0/8, not {shown(given)}")
    try:
        return tuple(_network(each) for each in entries)
    except ValueError as error:
        raise ParameterError(f"{name} must contain addresses or networks such as 10.0.0.0/8: {error}") from None


def _network(text: str) -> Network:
    network = ip_network(text.strip())
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        return IPv4Network((int(network.network_address) & 0xFFFFFFFF, network.prefixlen - 96))
    return network


class Networks:
    """Merged and sorted, so that an address among many is found quickly."""

    def __init__(self, networks: Iterable[Network]) -> None:
        found = list(networks)
        merged: list[Network] = [
            *collapse_addresses(one for one in found if isinstance(one, IPv4Network)),
            *collapse_addresses(one for one in found if isinstance(one, IPv6Network)),
        ]
        self._firsts = [(one.version, int(one[0])) for one in merged]
        self._lasts = [(one.version, int(one[-1])) for one in merged]

    def __contains__(self, address: Address) -> bool:
        wanted = address.version, int(address)
        place = bisect_right(self._firsts, wanted) - 1
        return place >= 0 and wanted <= self._lasts[place]
