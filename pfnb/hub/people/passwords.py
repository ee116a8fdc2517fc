"""Passwords and tokens as they are stored: reading the database does not allow logging in."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argon2 import PasswordHasher

_PREFIX = "pfnb_"
_ARGON2 = "$argon2"
_OLD_COST = {"n": 2**14, "r": 8, "p": 1}
_NOBODYS = f"$argon2id$v=19$m=19456,t=2,p=1${'A' * 22}${'A' * 43}"
_NOBODYS_OLD = f"{'00' * 16}$"


def hashed(password: str) -> str:
    """A salted Argon2id hash. Takes some hundredths of a second of computing and 19 MiB of memory, on purpose."""
    return _hasher().hash(password)


def is_password(password: str, kept: str | None, *, beside_old: bool = False) -> bool:
    """Whether this password was hashed. Without a hash, it takes as long and returns False. `beside_old`: there are hashes of an
    earlier version, whose check takes longer; then each does."""
    from argon2.exceptions import InvalidHashError, VerificationError

    is_kept_old = kept is not None and is_scrypt(kept)
    try:
        right: bool = _hasher().verify(_NOBODYS if kept is None or is_kept_old else kept, password)
    except (VerificationError, InvalidHashError):
        right = False
    if is_kept_old or beside_old:
        was_right = _is_old_password(password, kept if kept is not None and is_kept_old else _NOBODYS_OLD)
        right = was_right if is_kept_old else right
    return right and kept is not None


def is_scrypt(kept: str) -> bool:
    """Whether the hash is of an earlier version."""
    return not kept.startswith(_ARGON2)


def is_outdated(kept: str) -> bool:
    """Whether today's hash of the same password would be harder to guess."""
    return is_scrypt(kept) or _hasher().check_needs_rehash(kept)


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher  # imported lazily: few hubs have passwords

    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def new_token() -> str:
    """A token for the HTTP API, recognized by its prefix."""
    return f"{_PREFIX}{secrets.token_urlsafe(32)}"


def token_digest(token: str) -> str:
    """The stored hash of a token. The token is random, so that a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def _is_old_password(password: str, kept: str) -> bool:
    salt, _, expected = kept.partition("$")
    derived = hashlib.scrypt(password.encode(), salt=bytes.fromhex(salt), **_OLD_COST)
    return hmac.compare_digest(derived.hex(), expected)
