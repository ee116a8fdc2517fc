"""Ids are made of the operating system's randomness, or of a secret: who sees many of them learns nothing of the next."""

from __future__ import annotations

import ast
import os
from pathlib import Path
from random import Random

import httpx
import pytest

import pfnb
from pfnb.http.server import LocalServer
from pfnb.hub.home import Home, HubOptions
from pfnb.hub.randomness import BATCH, DerivedBits, SystemBits
from pfnb.hub.records.event import new_correlation_id, new_trace_id
from pfnb.hub.settings import Settings
from tests.http.conftest import RECEIVE, UNKNOWN, UUID, anyone, owner, server

__all__ = ["anyone", "owner", "server"]

ROOMS = Path(pfnb.__file__).parent


def test_no_module_of_the_hub_uses_a_generator_whose_state_can_be_computed() -> None:
    found = []
    for file in [*(ROOMS / "hub").rglob("*.py"), *(ROOMS / "http").rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text())):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [str(file) for name in names if name == "random" or name.startswith("numpy")]
    assert found == []


async def test_every_id_that_callers_get_is_made_of_the_systems_bytes(
    server: LocalServer, anyone: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = bytearray()
    real = os.urandom

    def recorded(size: int) -> bytes:
        data = real(size)
        given.extend(data)
        return data

    monkeypatch.setattr("pfnb.hub.randomness.os.urandom", recorded)
    server.hub._random = SystemBits()
    correlations = []
    for number in range(300):
        uuid = UUID if number % 2 else UNKNOWN
        answer = (await anyone.post(RECEIVE, params={"uuid": uuid}, json={"n": number})).json()
        correlations.append(answer["correlationId"].replace("-", ""))
    events = [event.id.replace("-", "") for event in await server.hub.store.events.since(0, 500)]
    assert (len(set(correlations)), len(set(events))) == (300, 150)
    seen = given.hex()
    assert len(given) % BATCH == 0
    # The version and the variant are written over some bits: what lies between them and after them is unchanged.
    assert [one for one in correlations if one[:12] not in seen or one[17:] not in seen] == []
    assert [one for one in events if one[17:] not in seen] == []


def test_bits_of_the_system_are_given_out_once_in_batches() -> None:
    batches: list[int] = []

    def fetch(size: int) -> bytes:
        batches.append(size)
        return os.urandom(size)

    bits = SystemBits(fetch=fetch)
    assert len({bits.getrandbits(76) for _ in range(2_000)}) == 2_000
    assert batches == [BATCH] * len(batches)
    assert len(batches) == -(-2_000 // (BATCH // 10))
    assert max(bits.getrandbits(3) for _ in range(200)) == 7


async def test_a_repetition_has_the_same_ids_which_nobody_else_can_compute(
    server: LocalServer, anyone: httpx.AsyncClient
) -> None:
    for uuid in (UUID, UNKNOWN):
        sent = {"params": {"uuid": uuid}, "json": {}, "headers": {"Idempotency-Key": "17"}}
        first, again = [(await anyone.post(RECEIVE, **sent)).json() for _ in range(2)]  # type: ignore[arg-type]
        assert (first["correlationId"], first["traceId"]) == (again["correlationId"], again["traceId"])
    event = (await server.hub.store.events.since(0, 1))[0]
    assert event.repeat_key is not None
    known = Random(event.repeat_key)
    assert event.trace_id != new_trace_id(UUID, known)
    assert event.correlation_id != new_correlation_id(known)
    other = DerivedBits(bytes(32), f"ids of {event.repeat_key}")
    assert event.trace_id != new_trace_id(UUID, other)
    assert event.correlation_id != new_correlation_id(other)


async def test_the_secret_of_a_hub_is_kept_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    first, again = [await opened(HubOptions(tmp_path / "hub", owner="ada")) for _ in range(2)]
    file = tmp_path / "hub" / "secret"
    assert (file.stat().st_mode & 0o777, len(file.read_bytes())) == (0o600, 32)
    assert first.secret == again.secret == file.read_bytes()
    assert repr(first.secret) not in repr(first)
    assert not list((tmp_path / "hub").glob(".secret*"))
    file.write_bytes(b"short")
    with pytest.raises(pfnb.PfnbError, match="the secret of a hub has 32"):
        await opened(HubOptions(tmp_path / "hub", owner="ada"))


async def test_a_hub_in_memory_has_a_secret_of_its_own() -> None:
    assert len({(await opened(HubOptions(owner="ada"))).secret for _ in range(2)}) == 2


async def opened(options: HubOptions) -> Settings:
    """The settings of a hub that was opened and closed."""
    home = Home(options)
    await home.open()
    await home.close()
    return home.hub.settings
