"""Secrets of users with a format, such as a bearer token: pipelines name them, and send them to other servers."""

from __future__ import annotations

import json
from collections.abc import Callable

from pfnb.exceptions import NotFoundError, ParameterError
from pfnb.hub.keeping.secrets import Secrets, check_name
from pfnb.rows.secret import OpenSecret, SecretFormat, SecretRow

MINUTE = 60_000
MAX_SECRETS = 1_000
"""Secrets of one user."""


class Credentials:
    """Kept in the secret store, each with its format and its times, encrypted as a whole. `now` is in milliseconds."""

    def __init__(self, secrets: Secrets, now: Callable[[], int]) -> None:
        self._secrets = secrets
        self._now = now

    async def put(self, owner: str, name: str, kind: SecretFormat, secret: str, minutes: float | None) -> SecretRow:
        """Store a secret, new or in place of another. ParameterError for a name or a value that cannot be one."""
        check_name(name)
        names = self._secrets.names(owner)
        if name not in names and len(names) >= MAX_SECRETS:
            raise ParameterError(f"you have {MAX_SECRETS:,} secrets already: delete one with `secret.delete`")
        if not secret.strip():
            raise ParameterError(f"the secret {name!r} is empty")
        if kind in ("header", "username-password") and not secret.partition(":")[2].strip():
            shape = "Name: value" if kind == "header" else "username:password"
            raise ParameterError(f"a secret of the format {kind} is written as {shape}")
        now = self._now()
        row: SecretRow = {
            "name": name,
            "format": kind,
            "created": now,
            "expires": None if minutes is None else now + round(minutes * MINUTE),
        }
        await self._secrets.put(owner, name, json.dumps({**row, "secret": secret}))
        self._hide(owner, name, kind, secret)
        return row

    async def list(self, owner: str) -> list[SecretRow]:
        """All that have not expired, by name."""
        found = [await self._find(owner, name) for name in self._secrets.names(owner)]
        return [row for row, _ in filter(None, found)]

    async def get(self, owner: str, name: str) -> SecretRow:
        """NotFoundError if there is none of this name, or it has expired."""
        return (await self._open(owner, name))[0]

    async def open(self, owner: str, name: str) -> OpenSecret:
        """The same, with its value."""
        row, secret = await self._open(owner, name)
        return {"format": row["format"], "secret": secret}

    async def delete(self, owner: str, name: str) -> None:
        """NotFoundError if there is none. Needs no key."""
        await self._secrets.delete(owner, name)

    async def _open(self, owner: str, name: str) -> tuple[SecretRow, str]:
        found = await self._find(owner, name) if name in self._secrets.names(owner) else None
        if found is None:
            raise NotFoundError(f"you have no secret {name[:200]!r}: `secret.get` lists yours, `secret.put` stores one")
        return found

    async def _find(self, owner: str, name: str) -> tuple[SecretRow, str] | None:
        """None for one that has expired: it is removed."""
        kept = json.loads(await self._secrets.get(owner, name))
        secret: str = kept["secret"]
        self._hide(owner, name, kept["format"], secret)
        row: SecretRow = {
            "name": name,
            "format": kept["format"],
            "created": kept["created"],
            "expires": kept["expires"],
        }
        if row["expires"] is not None and row["expires"] <= self._now():
            await self._secrets.delete(owner, name)
            return None
        return row, secret

    def _hide(self, owner: str, name: str, kind: SecretFormat, secret: str) -> None:
        """Let logs hide what is secret in it."""
        self._secrets.hide(owner, name, hidden_in(kind, secret))


def hidden_in(kind: str, secret: str) -> str:
    """The part of a secret that nobody may see."""
    part = secret.partition(":")[2] if kind in ("header", "username-password") else secret
    if kind == "bearer" and part[:7].lower() == "bearer ":
        part = part[7:]
    return part.strip()
