"""Passwords and tokens as they are stored: reading the database does not allow logging in."""

from __future__ import annotations

import hashlib
import hmac
import secrets

_PREFIX = "pfnb_"
_COST = {"n": 2**14, "r": 8, "p": 1}


def hashed(password: str) -> str:
    """A salted scrypt hash. Takes some hundredths of a second of computing, on purpose."""
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}${_derived(password, salt).hex()}"


def is_password(password: str, kept: str | None) -> bool:
    """Whether this password was hashed. Without a hash, it takes as long and returns False."""
    salt, _, expected = (kept or f"{'00' * 16}$").partition("$")
    return hmac.compare_digest(_derived(password, bytes.fromhex(salt)).hex(), expected)


def new_token() -> str:
    """A token for the HTTP API, recognized by its prefix."""
    return f"{_PREFIX}{secrets.token_urlsafe(32)}"


def token_digest(token: str) -> str:
    """The stored hash of a token. The token is random, so that a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def _derived(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, **_COST)
