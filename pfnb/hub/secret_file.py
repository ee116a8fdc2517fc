"""The secret of a hub, in a file of its data directory that only its owner can read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from pfnb.exceptions import PfnbError

NAME = "secret"
SIZE = 32


def kept_secret(folder: Path) -> bytes:
    """The secret of this data directory, created on first use. The caller holds the directory's lock."""
    file = folder / NAME
    try:
        secret = file.read_bytes()
    except FileNotFoundError:
        return _made(file)
    if len(secret) != SIZE:
        raise PfnbError(
            f"{file} has {len(secret)} bytes, and the secret of a hub has {SIZE}: restore the file, or delete it: "
            "then a new one is made, and content references in stored values are only text"
        )
    file.chmod(0o600)
    return secret


def _made(file: Path) -> bytes:
    secret = secrets.token_bytes(SIZE)
    unfinished = file.with_name(f".{NAME}.{secrets.token_hex(4)}")
    descriptor = os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as new:
        new.write(secret)
        new.flush()
        os.fsync(new.fileno())
    unfinished.replace(file)
    return secret
