"""The secret store: texts by owner and name, encrypted at rest. What lists, logs or represents secrets never has their values."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from pfnb.exceptions import NotFoundError, ParameterError, SecretsKeyError
from pfnb.hub.records.secret import SecretRecord
from pfnb.hub.stores.store import Store

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

HUB = ""
"""The owner of what is no user's own."""
LONGEST = 64 * 1024
"""The most characters of a value."""
MASKED = range(8, 1025)
"""Lengths of the values that logs hide: shorter ones occur in ordinary words, longer ones in no line of a log."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]{0,199}")
_VERSION = b"\x01"
_NONCE = 12


class Secrets:
    """Encrypted with AES-256-GCM. `key` gives the 32 bytes of the key, and makes one if it is given True and there is none; it
    may read a disk or a keyring, so it is called in a thread, and once.

    Users' secrets have names such as `stripe/live` (`check_name`). What the hub itself keeps for a webhook or the like has the
    owner HUB, so that it follows that webhook, and a name such as `webhook:<uuid>`.
    """

    def __init__(self, store: Store, key: Callable[[bool], bytes]) -> None:
        self._store = store
        self._key = key
        self._records: dict[tuple[str, str], SecretRecord] = {}
        self._seen: dict[tuple[str, str], str] = {}
        self._opened: AESGCM | None = None
        self._turn = asyncio.Lock()

    def __repr__(self) -> str:
        return f"Secrets({len(self._records)})"

    def load(self, records: Iterable[SecretRecord]) -> None:
        self._records = {(one.owner, one.name): one for one in records}

    async def put(self, owner: str, name: str, value: str) -> None:
        """Store a secret, new or in place of another. ParameterError for an empty or too long value, SecretsKeyError where the
        key of the stored ones is lost."""
        await self.save(await self.sealed(owner, name, value))

    async def get(self, owner: str, name: str) -> str:
        """NotFoundError if this owner has no secret of this name, SecretsKeyError if the key is lost or another one."""
        record = self._records.get((owner, name))
        if record is None or record.sealed is None:
            raise NotFoundError(f"you have no secret {name!r}")
        cipher = await self._cipher()
        value = _opened(cipher, record)
        self._seen[owner, name] = value
        return value

    async def delete(self, owner: str, name: str) -> None:
        """NotFoundError if this owner has no secret of this name. Needs no key."""
        if (owner, name) not in self._records:
            raise NotFoundError(f"you have no secret {name!r}")
        await self.save(SecretRecord(owner, name, None))

    def names(self, owner: str) -> list[str]:
        return sorted(name for whose, name in self._records if whose == owner)

    def hide(self, owner: str, name: str, text: str) -> None:
        """Let logs hide this text for the secret: a part of its value, or its whole."""
        self._seen[owner, name] = text

    def known(self) -> Collection[str]:
        """Values that this process has seen, for logs to hide."""
        return [value for value in self._seen.values() if len(value) in MASKED]

    async def sealed(self, owner: str, name: str, value: str) -> SecretRecord:
        """The encrypted secret, to be stored together with what belongs to it; then call `keep`."""
        if not value:
            raise ParameterError(f"the secret {name!r} is empty")
        if len(value) > LONGEST:
            raise ParameterError(f"the secret {name!r} has {len(value):,} characters: at most {LONGEST:,} are allowed")
        cipher = await self._cipher(make=True)
        nonce = os.urandom(_NONCE)
        self._seen[owner, name] = value
        return SecretRecord(owner, name, _VERSION + nonce + cipher.encrypt(nonce, value.encode(), None))

    def copied(self, owner: str, name: str, to: str) -> SecretRecord:
        """The same secret under another name. Needs no key."""
        return SecretRecord(owner, to, self._records[owner, name].sealed)

    def keep(self, records: Sequence[SecretRecord]) -> None:
        """These were stored."""
        for one in records:
            if one.sealed is None:
                self._records.pop((one.owner, one.name), None)
                self._seen.pop((one.owner, one.name), None)
            else:
                self._records[one.owner, one.name] = one

    async def save(self, *records: SecretRecord) -> None:
        await self._store.registry.save_secrets(records)
        self.keep(records)

    async def hand_over(self, owner: str, to: str) -> None:
        """Give an owner's secrets to somebody else. One whose name the new owner has already gets a longer name."""
        changes = []
        taken = {name for whose, name in self._records if whose == to}
        for record in [one for one in self._records.values() if one.owner == owner]:
            name = _free(record.name, owner, taken)
            taken.add(name)
            changes += [SecretRecord(owner, record.name, None), SecretRecord(to, name, record.sealed)]
        await self.save(*changes)

    async def remove(self, owner: str) -> None:
        """Remove all of an owner's secrets."""
        await self.save(*(SecretRecord(owner, name, None) for whose, name in self._records if whose == owner))

    def any(self, owner: str) -> bool:
        return any(whose == owner for whose, _ in self._records)

    async def _cipher(self, *, make: bool = False) -> AESGCM:
        async with self._turn:
            if self._opened is None:
                # A new key would make the stored secrets unreadable for ever.
                self._opened = await asyncio.to_thread(_cipher_of, self._key, make and not self._records)
            return self._opened


def check_name(name: str) -> str:
    """The name, if a user may give it to a secret; else ParameterError."""
    if not _NAME.fullmatch(name):
        raise ParameterError(
            f"{name!r} cannot name a secret: use letters, digits and _ . / - (200 at most), beginning with a letter or a digit"
        )
    return name


def _cipher_of(key: Callable[[bool], bytes], make: bool) -> AESGCM:
    # Imported lazily: most hubs in kernels keep no secrets.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key(make))


def _opened(cipher: AESGCM, record: SecretRecord) -> str:
    from cryptography.exceptions import InvalidTag

    sealed = record.sealed or b""
    if sealed[:1] != _VERSION:
        raise SecretsKeyError(
            f"the secret {_shown(record)} was stored by a newer version of pfnb: install that version"
        )
    try:
        nonce, rest = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        return cipher.decrypt(nonce, rest, None).decode()
    except (InvalidTag, ValueError):
        raise SecretsKeyError(
            f"the secret {_shown(record)} was encrypted with another key than this hub has: restore the key from a backup "
            "of the data directory (the file secrets.key, or the entry pfnb of the keyring), or store the secret again"
        ) from None


def _shown(record: SecretRecord) -> str:
    """A name of the hub's own contains the secret uuid of a webhook."""
    return repr(record.name) if record.owner != HUB else f"of a {record.name.partition(':')[0]}"


def _free(name: str, owner: str, taken: Collection[str]) -> str:
    free, number = name, 1
    while free in taken:
        suffix = re.sub(r"[^A-Za-z0-9_.-]", "-", owner)[:60]
        free = f"{name}-of-{suffix}" if number == 1 else f"{name}-of-{suffix}-{number}"
        number += 1
    return free
