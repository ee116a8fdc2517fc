"""Networks of addresses, as text or list, and which addresses they contain."""

from __future__ import annotations

import random
from ipaddress import ip_address, ip_network

import pytest

from pfnb.exceptions import ParameterError
from pfnb.language.networks import Networks, address_of, networks_of


@pytest.mark.parametrize(
    "given", ["10.0.0.0/8, 192.0.2.7  2001:db8::/32", ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32"]]
)
def test_networks_come_as_text_or_list(given: object) -> None:
    assert list(map(str, networks_of(given, "allow"))) == ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32"]


def test_an_ipv4_network_within_ipv6_is_the_ipv4_network() -> None:
    assert list(map(str, networks_of("::ffff:10.0.0.0/104 ::ffff:192.0.2.7", "allow"))) == [
        "10.0.0.0/8",
        "192.0.2.7/32",
    ]


@pytest.mark.parametrize("given", ["10.0.0.1/8", "example.org", "10.0.0.0/33", 7, [7], {"a": 1}, "10.0.0.0/8/8"])
def test_anything_else_is_an_error_that_names_the_setting(given: object) -> None:
    with pytest.raises(ParameterError, match=r"^allow must"):
        networks_of(given, "allow")


def test_an_address_is_found_among_many_networks_as_one_by_one() -> None:
    chance = random.Random(7)
    networks = [ip_network((chance.getrandbits(32), chance.randint(4, 32)), strict=False) for _ in range(100)]
    networks += [ip_network((chance.getrandbits(128), chance.randint(2, 128)), strict=False) for _ in range(20)]
    merged = Networks(networks)
    edges = [one[place] for one in networks for place in (0, -1)]
    others = [ip_address(chance.getrandbits(32)) for _ in range(500)] + [
        ip_address(chance.getrandbits(128)) for _ in range(500)
    ]
    for address in edges + others:
        assert (address in merged) == any(address in network for network in networks)
    assert ip_address("10.0.0.1") not in Networks([])


def test_the_address_in_a_text() -> None:
    assert str(address_of("::ffff:192.0.2.7")) == "192.0.2.7"
    assert str(address_of("fe80::1%eth0")) == "fe80::1"
    assert address_of("192.0.2") is None
