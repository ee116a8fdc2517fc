"""Passwords of users: how they are kept, and how those of earlier versions are replaced."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace

import pytest

from pfnb.exceptions import NotAuthenticatedError
from pfnb.hub.people import passwords
from pfnb.hub.people.passwords import hashed, is_outdated, is_password
from pfnb.hub.people.users import Users
from pfnb.language.port import User
from tests.hub.test_users import ada, users

__all__ = ["ada", "users"]

WORDS = "correct horse battery"


def old_hash(password: str) -> str:
    """As earlier versions kept it."""
    salt = b"0123456789abcdef"
    return f"{salt.hex()}${hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1).hex()}"


async def grace_with(users: Users, ada: User, kept: str) -> None:
    account = await users.create("grace", ada, password=WORDS, roles=[])
    await users._save_account(replace(account, password=kept))


def test_a_password_is_kept_as_an_argon2id_hash() -> None:
    kept = hashed(WORDS)
    assert kept.startswith("$argon2id$")
    assert kept != hashed(WORDS)
    assert is_password(WORDS, kept)
    assert not is_password("wrong horse", kept)
    assert not is_outdated(kept)


@pytest.mark.parametrize("kept", [None, "", "$argon2id$broken", "$argon2id$v=19$m=19456,t=2,p=1$AAAA$AAAA"])
def test_nothing_matches_what_is_no_hash(kept: str | None) -> None:
    assert not is_password(WORDS, kept or None)


async def test_an_old_password_still_counts_and_is_replaced(users: Users, ada: User) -> None:
    await grace_with(users, ada, old_hash(WORDS))
    assert (await users.token("grace", WORDS, ada)).startswith("pfnb_")
    kept = users.account("grace").password
    assert kept is not None
    assert kept.startswith("$argon2id$")
    assert await users.token("grace", WORDS, ada)
    assert users.account("grace").password == kept


async def test_a_cheaper_hash_is_replaced(users: Users, ada: User) -> None:
    from argon2 import PasswordHasher

    await grace_with(users, ada, PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(WORDS))
    await users.token("grace", WORDS, ada)
    assert not is_outdated(users.account("grace").password or "")


async def test_a_wrong_password_replaces_nothing(users: Users, ada: User) -> None:
    kept = old_hash(WORDS)
    await grace_with(users, ada, kept)
    with pytest.raises(NotAuthenticatedError):
        await users.token("grace", "wrong horse", ada)
    assert users.account("grace").password == kept


async def test_logins_at_the_same_time_all_succeed(users: Users, ada: User) -> None:
    await grace_with(users, ada, old_hash(WORDS))
    tokens = await asyncio.gather(*(users.token("grace", WORDS, ada) for _ in range(4)))
    assert len(set(tokens)) == 4


@pytest.mark.parametrize("old", [True, False])
def test_the_work_does_not_reveal_whose_password_it_is(monkeypatch: pytest.MonkeyPatch, *, old: bool) -> None:
    done: list[str] = []
    verify, derive = passwords._hasher().verify, hashlib.scrypt

    class Counting:
        def verify(self, *given: str) -> bool:
            done.append("argon2")
            return verify(*given)

    def scrypt(*given: bytes, **named: object) -> bytes:
        done.append("scrypt")
        return derive(*given, **named)  # type: ignore[arg-type]

    kinds = [None, hashed(WORDS), *([old_hash(WORDS)] if old else [])]
    monkeypatch.setattr(passwords, "_hasher", Counting)
    monkeypatch.setattr(hashlib, "scrypt", scrypt)
    work = []
    for kept in kinds:
        done.clear()
        is_password("wrong horse", kept, beside_old=old)
        work.append(list(done))
    assert all(one == work[0] for one in work)
