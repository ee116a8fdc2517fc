"""API tokens: their users, their roles, their expiry, and when they were last used. The stored form does not admit anybody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from pfnb.exceptions import AccessDeniedError, NotAuthenticatedError, NotFoundError, ParameterError
from pfnb.hub.clock import DAY
from pfnb.hub.origin import Origin
from pfnb.hub.people.passwords import new_token, token_digest
from pfnb.hub.stores.store import Store
from pfnb.rows.account import TokenRow

DEFAULT_DAYS = 90.0
SESSION_DAYS = 1.0
"""Default lifetime of a token; and the longest, if a kernel or a stored pipeline creates it."""
MAX_DAYS = 3650.0
MAX_TOKENS = 100
"""Tokens per user."""
SWEEP_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Token:
    """Times are milliseconds since the epoch. `scope` are the only roles it has; None: all of its user's. `by` created it."""

    digest: str = field(repr=False)
    user: str
    created: int = 0
    expires: int | None = None
    last_used: int | None = None
    scope: tuple[str, ...] | None = None
    by: str = ""

    @property
    def id(self) -> str:
        """Identifies the token to people. The secret cannot be derived from it."""
        return self.digest[:16]

    def to_json(self) -> TokenRow:
        return {
            "id": self.id,
            "username": self.user,
            "created": self.created or None,
            "expires": self.expires,
            "lastUsed": self.last_used,
            "scope": None if self.scope is None else list(self.scope),
            "createdBy": self.by or None,
        }

    def record(self) -> dict[str, Any]:
        """All fields but the digest, for the store; `from_record` reads them."""
        return {name: value for name, value in asdict(self).items() if name != "digest"}

    @classmethod
    def from_record(cls, digest: str, record: dict[str, Any]) -> Token:
        scope = record.get("scope")
        return cls(digest, **{**record, "scope": None if scope is None else tuple(scope)})


class Tokens:
    """All tokens of a hub. The time of a token's last use is written now and then, not for each request."""

    def __init__(self, store: Store, now: Callable[[], int]) -> None:
        self._store = store
        self._now = now
        self._by_digest: dict[str, Token] = {}
        self._digests: dict[str, str] = {}
        self._used: set[str] = set()

    def load(self, token: Token) -> None:
        self._by_digest[token.digest] = token
        self._digests[token.id] = token.digest

    def find(self, secret: str) -> Token | None:
        """The token, if it exists and has not expired. It counts as used now."""
        token, now = self._by_digest.get(token_digest(secret)), self._now()
        if token is None or _is_over(token, now):
            return None
        self._by_digest[token.digest] = token = replace(token, last_used=now)
        self._used.add(token.digest)
        return token

    def all(self) -> list[Token]:
        """Includes expired ones until they are swept away."""
        return list(self._by_digest.values())

    def of(self, user: str) -> list[Token]:
        """A user's tokens, oldest first."""
        now = self._now()
        return [one for one in self._by_digest.values() if one.user == user and not _is_over(one, now)]

    def get(self, token_id: str) -> Token:
        """By its id. NotFoundError if there is none."""
        digest = self._digests.get(token_id)
        if digest is None:
            raise NotFoundError(f"there is no API token {token_id[:40]}: `iam.apitoken.list` shows all")
        return self._by_digest[digest]

    def check(self, origin: Origin) -> None:
        """NotAuthenticatedError if the token behind this origin was ended or has expired. Deleting its user ends it, too."""
        digest = self._digests.get(origin.token)
        if origin.token and (digest is None or _is_over(self._by_digest[digest], self._now())):
            raise NotAuthenticatedError("the API token of this request was revoked or has expired: use another one")

    async def add(self, user: str, by: str, scope: tuple[str, ...] | None, expires: int | None) -> str:
        """A new token's secret. ParameterError if the user has too many."""
        if len(self.of(user)) >= MAX_TOKENS:
            raise ParameterError(f"{user} has {MAX_TOKENS} API tokens already: delete one with `iam.apitoken.delete`")
        secret = new_token()
        token = Token(token_digest(secret), user, self._now(), expires, None, scope, by)
        await self._store.registry.save_identities([("token", token.digest, token.record())])
        self.load(token)
        return secret

    async def end(self, token: Token) -> None:
        await self._store.registry.save_identities([("token", token.digest, None)])
        self.forget(token)

    def forget(self, token: Token) -> None:
        """The store no longer has it."""
        self._by_digest.pop(token.digest, None)
        self._digests.pop(token.id, None)
        self._used.discard(token.digest)

    async def sweep(self) -> None:
        """Remove the expired ones, and store when the others were used."""
        now = self._now()
        over = [one for one in self._by_digest.values() if _is_over(one, now)]
        for token in over:
            self.forget(token)
        used, self._used = [self._by_digest[digest] for digest in self._used], set()
        records: list[tuple[str, str, dict[str, Any] | None]] = [("token", one.digest, None) for one in over]
        records += [("token", one.digest, one.record()) for one in used]
        if records:
            await self._store.registry.save_identities(records)


def expiry(days: float | None, origin: Origin, now: int, *, has_password: bool) -> int | None:
    """When a new token expires, None for never. Only a login can create one that never expires. A kernel or a stored pipeline
    creates one for a day at most; an API token, none that outlives itself."""
    if days is not None and not 0 <= days <= MAX_DAYS:
        raise ParameterError(f"days must be from 0 (never expires) to {MAX_DAYS:g}, not {days:g}")
    if origin.kind in ("session", "worker"):
        if days is not None and not 0 < days <= SESSION_DAYS:
            raise AccessDeniedError(
                f"an API token that is made in a notebook or by a stored pipeline is valid for at most {SESSION_DAYS:g} day: "
                "make one that lasts longer over HTTP or with `pi`, with the hub's token or your password"
            )
        return now + round((SESSION_DAYS if days is None else days) * DAY)
    if origin.kind == "login" or has_password:
        return None if days == 0 else now + round((DEFAULT_DAYS if days is None else days) * DAY)
    if days == 0:
        raise AccessDeniedError("an API token cannot make one that never expires: log in, or give the password")
    wanted = now + round((DEFAULT_DAYS if days is None else days) * DAY)
    return wanted if origin.expires is None else min(wanted, origin.expires)


def _is_over(token: Token, now: int) -> bool:
    return token.expires is not None and token.expires <= now
