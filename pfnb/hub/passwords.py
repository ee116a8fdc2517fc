"""Passwords and tokens as they are kept: so that who reads the database can log in with none of them."""

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
    """Whether it is the one that was hashed. Without one it takes as long, and is none."""
    salt, _, expected = (kept or f"{'00' * 16}$").partition("$")
    return hmac.compare_digest(_derived(password, bytes.fromhex(salt)).hex(), expected)


def new_token() -> str:
    """A token for the HTTP API, known by its prefix."""
    return f"{_PREFIX}{secrets.token_urlsafe(32)}"


def token_digest(token: str) -> str:
    """What is kept of a token. It is random, so that a plain hash cannot be guessed back."""
    return hashlib.sha256(token.encode()).hexdigest()


def _derived(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, **_COST)
