"""Who sent a request: the forms in which real proxies say it, and what senders make up."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest
from tornado.httputil import HTTPHeaders, HTTPServerRequest

from pfnb.http.caller_address import caller_address
from pfnb.language.networks import networks_of

PROXIES = networks_of("127.0.0.1, 10.0.0.0/8, 2001:db8:1::/48", "trusted_proxies")


def seen(*lines: tuple[str, str], peer: str = "127.0.0.1") -> str:
    headers = HTTPHeaders()
    for name, value in lines:
        headers.add(name, value)
    request = SimpleNamespace(headers=headers, remote_ip=peer)
    return caller_address(cast(HTTPServerRequest, request), PROXIES)


@pytest.mark.parametrize(
    ("given", "address"),
    [
        pytest.param("192.0.2.7", "192.0.2.7", id="nginx, Caddy, Traefik"),
        pytest.param("198.51.100.1, 192.0.2.7", "192.0.2.7", id="the sender wrote the first"),
        pytest.param("192.0.2.7, 10.1.1.1", "192.0.2.7", id="two proxies of ours"),
        pytest.param("192.0.2.7:51111", "192.0.2.7", id="Azure with a port"),
        pytest.param("[2001:db8::7]:51111", "2001:db8::7", id="IPv6 with a port"),
        pytest.param("2001:db8::7", "2001:db8::7", id="IPv6"),
        pytest.param("::ffff:192.0.2.7, 2001:db8:1::5", "::ffff:192.0.2.7", id="IPv4 within IPv6"),
        pytest.param("192.0.2.7, junk", "127.0.0.1", id="no address where the proxy writes"),
        pytest.param("", "127.0.0.1", id="empty"),
    ],
)
def test_a_trusted_proxy_names_the_sender_in_x_forwarded_for(given: str, address: str) -> None:
    assert seen(("X-Forwarded-For", given)) == address


@pytest.mark.parametrize(
    ("given", "address"),
    [
        pytest.param("for=192.0.2.7", "192.0.2.7", id="plain"),
        pytest.param('For="[2001:db8::7]:4711";proto=https;by=10.0.0.1', "2001:db8::7", id="RFC 7239"),
        pytest.param("for=6.6.6.6, for=192.0.2.7;proto=https, for=10.1.1.1", "192.0.2.7", id="several"),
        pytest.param("proto=https;host=hooks.example.org;for=192.0.2.7", "192.0.2.7", id="HAProxy"),
        pytest.param("for=_hidden", "127.0.0.1", id="obfuscated"),
        pytest.param("for=unknown", "127.0.0.1", id="unknown"),
        pytest.param('for=6.6.6.6;x=", for="[2001:db8::7]"', "2001:db8::7", id="an open quote of the sender"),
        pytest.param('for=192.0.2.7;host="a,for=6.6.6.6;b"', "127.0.0.1", id="a sender's Host with a comma"),
        pytest.param(r'for=192.0.2.7;host="a,for=6.6.6.6;b=\"x"', "127.0.0.1", id="the same with a quote"),
    ],
)
def test_a_trusted_proxy_names_the_sender_in_forwarded(given: str, address: str) -> None:
    assert seen(("Forwarded", given)) == address


def test_a_made_up_forwarded_beside_the_proxys_x_forwarded_for_is_ignored() -> None:
    assert seen(("Forwarded", "for=6.6.6.6"), ("X-Forwarded-For", "192.0.2.7")) == "192.0.2.7"


def test_several_lines_are_one_list() -> None:
    assert seen(("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-For", "192.0.2.7")) == "192.0.2.7"


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded"])
def test_nobody_else_names_a_sender(name: str) -> None:
    assert seen((name, "for=6.6.6.6" if name == "Forwarded" else "6.6.6.6"), peer="192.0.2.9") == "192.0.2.9"
