"""What programs that make tunnels print: which of it is the public address."""

from __future__ import annotations

import pytest

from pfnb.server.tunnel_address import address_in, plain_line

FOUND = [
    (
        "2026-11-28T09:00:02Z INF |  https://calm-sea-deck.trycloudflare.com                                      |",
        "https://calm-sea-deck.trycloudflare.com",
    ),
    (
        't=2026-11-28T09:00:02+0000 lvl=info msg="started tunnel" obj=tunnels name=command_line '
        "addr=http://127.0.0.1:8900 url=https://docs.example.ngrok.app",
        "https://docs.example.ngrok.app",
    ),
    (
        "8f2c0a.lhr.life tunneled with tls termination, https://8f2c0a.lhr.life",
        "https://8f2c0a.lhr.life",
    ),
    ("Forwarding HTTP traffic from https://calm.serveo.net", "https://calm.serveo.net"),
    ("https://rnabc-84-12.a.free.pinggy.link", "https://rnabc-84-12.a.free.pinggy.link"),
    ("your url is: https://calm-sea.loca.lt", "https://calm-sea.loca.lt"),
    ("https://laptop.tail1234.ts.net/", "https://laptop.tail1234.ts.net"),
    ("https://laptop.tail1234.ts.net:8443/ (Funnel on)", "https://laptop.tail1234.ts.net:8443"),
    ("Connect via browser: https://x1.usw2.devtunnels.ms:8900, https://x1-8900.usw2.devtunnels.ms", "https://x1.usw2.devtunnels.ms:8900"),
    ("\x1b[1m\x1b[32mHTTPS://Calm.Example.ORG\x1b[0m", "https://calm.example.org"),
]  # fmt: skip
OTHERS = [
    "2026-11-28T09:00:00Z INF Thank you for trying Cloudflare Tunnel. … (https://www.cloudflare.com/website-terms/), and …",
    "2026-11-28T09:00:00Z INF Requesting new quick Tunnel on trycloudflare.com...",
    'failed to request quick Tunnel: Post "https://api.trycloudflare.com/tunnel": dial tcp: lookup api.trycloudflare.com',
    't=2026-11-28T09:00:00+0000 lvl=info msg="starting web service" obj=web addr=127.0.0.1:4040 allow_hosts=[]',
    'ERROR:  Sign up for an account: https://dashboard.ngrok.com/signup',
    "Upgrade to Pinggy Pro to get unrestricted tunnels. https://dashboard.pinggy.io",
    "Follow your favourite reverse tunnel at [https://twitter.com/localhost_run].",
    "To set up and manage custom domains go to https://admin.localhost.run/",
    "More details on custom domains at https://localhost.run/docs/custom-domains",
    "|-- proxy http://127.0.0.1:8900",
    "         https://login.tailscale.com/f/funnel?node=abc",
    "http://rnabc-84-12.a.free.pinggy.link",
    "listening on https://localhost:8900 and https://127.0.0.1:8900 and https://nas.local and https://[::1]:8900",
    "https://user:password@example.org",
    "ERR dest=https://calm-sea.trycloudflare.com/pfnb/hook/0b0c6a8e-6d6b-4f1e-9d5e-5b8f3f6936bd",
]  # fmt: skip


@pytest.mark.parametrize(("line", "address"), FOUND)
def test_the_public_address_is_found(line: str, address: str) -> None:
    assert address_in(plain_line(line.encode())) == address


@pytest.mark.parametrize("line", OTHERS)
def test_pages_local_addresses_and_requests_are_no_public_address(line: str) -> None:
    assert address_in(plain_line(line.encode())) is None


@pytest.mark.parametrize(
    "line",
    [
        "https://evil.example.org",
        'lvl=info msg="join" referer="https://evil.example.org" url=https://evil.example.org',
        "GET / evil.lhr.life tunneled with tls termination, https://evil.lhr.life",
        "8f2c0a.lhr.life tunneled with tls termination, https://8f2c0a.lhr.life and more",
    ],
)
def test_what_strangers_may_put_into_later_lines_moves_no_webhook(line: str) -> None:
    assert address_in(line, is_first=False) is None


def test_a_later_address_of_localhost_run_counts() -> None:
    line = "9a9a9a.lhr.life tunneled with tls termination, https://9a9a9a.lhr.life"
    assert address_in(line, is_first=False) == "https://9a9a9a.lhr.life"
