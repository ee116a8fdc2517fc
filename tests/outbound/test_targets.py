"""A pipeline calls the internet, and of this machine and its network only what was allowed."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from pfnb.exceptions import AccessDeniedError, OutboundError
from pfnb.outbound import Targets

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "hostile.jsonl"
REFUSED = [
    "127.0.0.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.0.1",
    "192.0.2.1", "192.88.99.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a9fe:a9fe", "2001::1", "2001:db8::1", "2002:7f00:1::",
    "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "5f00::1",
]  # fmt: skip


@pytest.mark.parametrize("address", REFUSED)
def test_addresses_that_are_not_public_are_refused_and_the_refusal_says_how_to_allow_them(address: str) -> None:
    with pytest.raises(AccessDeniedError, match="PFNB_ALLOW_TARGETS"):
        Targets().check(address, address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "::ffff:8.8.8.8", "2606:4700::1111"])
def test_public_addresses_are_not(address: str) -> None:
    Targets().check("example.org", address)


@pytest.mark.parametrize(
    ("allowed", "host", "address"),
    [
        ("127.0.0.1", "127.0.0.1", "127.0.0.1"),
        ("[::1]", "::1", "::1"),
        ("10.1.0.0/16", "inner.example.org", "10.1.2.3"),
        ("inner.example.org", "Inner.example.org.", "10.1.2.3"),
        ("*.example.org", "a.b.example.org", "192.168.0.1"),
        ("::ffff:10.0.0.0/104", "x", "10.0.0.1"),
        ("bücher.example", "xn--bcher-kva.example", "10.0.0.1"),
        ("xn--bcher-kva.example", "BÜCHER.example.", "10.0.0.1"),
        ("other, 10.0.0.0/8", "x", "10.0.0.1"),
    ],
)
def test_what_is_allowed_may_be_called(allowed: str, host: str, address: str) -> None:
    Targets.from_environment({"PFNB_ALLOW_TARGETS": allowed}).check(host, address)


@pytest.mark.parametrize(
    ("allowed", "host", "address"),
    [
        ("10.1.0.0/16", "10.2.0.1", "10.2.0.1"),
        ("example.org", "inner.example.org", "10.0.0.1"),
        ("*.example.org", "example.org.evil.test", "10.0.0.1"),
        ("", "localhost", "127.0.0.1"),
    ],
)
def test_and_nothing_else(allowed: str, host: str, address: str) -> None:
    with pytest.raises(AccessDeniedError):
        Targets.from_environment({"PFNB_ALLOW_TARGETS": allowed}).check(host, address)


@pytest.mark.parametrize("host", ["localhost", "127.1", "0x7f.0.0.1", "2130706433", "0177.0.0.1", "::1"])
async def test_a_name_is_judged_by_the_address_it_has_however_it_is_written(host: str) -> None:
    with pytest.raises(AccessDeniedError):
        await Targets().resolve(host, 80)


async def test_one_private_address_among_several_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [(2, 1, 6, "", (address, 80)) for address in ("93.184.216.34", "10.0.0.1")]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_args, **_more: both)
    with pytest.raises(AccessDeniedError, match=r"10\.0\.0\.1"):
        await Targets().resolve("rebinding.example.org", 80)


async def test_a_host_that_does_not_exist_is_said_to_be_none() -> None:
    with pytest.raises(OutboundError, match=r"there is no host nowhere\.invalid"):
        await Targets().resolve("nowhere.invalid", 443)


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus of hostile requests is not beside this checkout")
def test_the_addresses_of_the_corpus_are_refused() -> None:
    rows = [json.loads(line) for line in CORPUS.read_text().split("\n") if line]
    hosts = [urlsplit(row["url"]).hostname or "" for row in rows if row["kind"] == "unit"]
    assert hosts
    for host in hosts:
        with pytest.raises(AccessDeniedError):
            Targets().check(host, host)
