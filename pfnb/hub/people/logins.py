"""Password checks that prevent guessing: each wrong password delays the next check, and few are computed at once."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from weakref import WeakValueDictionary

from pfnb.exceptions import BusyError, ParameterError, TooManyAttemptsError
from pfnb.hub.people.passwords import hashed, is_outdated, is_password

MIN_PASSWORD, MAX_PASSWORD = 8, 1_000
FREE_TRIES = 5
"""Wrong passwords from one address before the first pause."""
LONGEST_PAUSE = 60.0
LONGEST_DELAY = 2.0
FORGET_SECONDS = 900.0
MAX_REMEMBERED = 10_000
PROVEN_SECONDS = 300.0
"""A right password is not computed again for this long: programs send it with each request."""
AT_ONCE, MAX_WAITING = 2, 32
_SMALL = 0.05
T = TypeVar("T")


@dataclass(slots=True)
class _Failures:
    count: int
    last: float


class Logins:
    """`clock` counts seconds.

    After a few wrong passwords, an address has to pause, longer each time. Wrong passwords for one user from anywhere delay the
    answers for that user a little, but never refuse them: nobody can lock somebody else out.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures: OrderedDict[tuple[str, ...], _Failures] = OrderedDict()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._key = secrets.token_bytes(32)
        self._proven: OrderedDict[bytes, float] = OrderedDict()
        self._turns: WeakValueDictionary[bytes, asyncio.Lock] = WeakValueDictionary()

    async def hashed(self, password: str) -> str:
        """The hash to keep of a new password. ParameterError if it is too short or too long."""
        if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
            raise ParameterError(f"a password must have {MIN_PASSWORD} to {MAX_PASSWORD} characters")
        return await self._computed(hashed, password)

    async def hashed_again(self, password: str, kept: str | None) -> str | None:
        """Today's hash of a password that was right, if the kept one is outdated."""
        return await self._computed(hashed, password) if kept is not None and is_outdated(kept) else None

    async def check(
        self, password: str, kept: str | None, *, username: str, asker: str, address: str, beside_old: bool = False
    ) -> bool:
        """Whether this is the kept password. TooManyAttemptsError while this address has to pause. `beside_old`: some kept
        passwords have a hash of an earlier version."""
        source = ("from", asker, address)
        self._check_pause(source)  # also for proven passwords: else the answers would tell a guesser which one is right
        proof = hashlib.blake2b(f"{kept}\n{password}".encode("utf-8", "surrogatepass"), key=self._key).digest()
        # One after the other, so that parallel requests with the right password do not count as guesses.
        turn = self._turns.setdefault(proof, asyncio.Lock())
        async with turn:
            if kept is not None and self._proven.get(proof, 0.0) > self._clock():
                return True
            right = await self._checked(password, kept, source, username, beside_old)
            if right:
                self._proven[proof] = self._clock() + PROVEN_SECONDS
                while len(self._proven) > MAX_REMEMBERED:
                    self._proven.popitem(last=False)
            return right

    async def _checked(
        self, password: str, kept: str | None, source: tuple[str, ...], username: str, beside_old: bool
    ) -> bool:
        target = ("for", username.casefold())
        self._check_pause(source)
        # It counts as wrong until it is known to be right, so that many parallel attempts do not get around the limit.
        self._note(source)
        delay = min(LONGEST_DELAY, 0.05 * 2 ** min(10, self._count(target) - FREE_TRIES))
        self._note(target)
        right = len(password) <= MAX_PASSWORD and await self._computed(
            partial(is_password, beside_old=beside_old), password, kept, delay=delay
        )
        if right:
            self._failures.pop(source, None)
            self._failures.pop(target, None)
        return right

    def _count(self, key: tuple[str, ...]) -> int:
        found = self._failures.get(key)
        return found.count if found is not None and self._clock() - found.last < FORGET_SECONDS else 0

    def _check_pause(self, source: tuple[str, ...]) -> None:
        pause = self._pause(source)
        if pause > 0:
            raise TooManyAttemptsError("too many wrong passwords: try again later", retry_after=int(pause) + 1)

    def _pause(self, key: tuple[str, ...]) -> float:
        count = self._count(key)
        if count < FREE_TRIES:
            return 0.0
        return self._failures[key].last + min(LONGEST_PAUSE, 2.0 ** min(10, count - FREE_TRIES)) - self._clock()

    def _note(self, key: tuple[str, ...]) -> None:
        self._failures[key] = _Failures(self._count(key) + 1, self._clock())
        self._failures.move_to_end(key)
        while len(self._failures) > MAX_REMEMBERED:
            self._failures.popitem(last=False)

    async def _computed(self, compute: Callable[..., T], *arguments: object, delay: float = 0.0) -> T:
        """In a thread; BusyError if too many already wait for that."""
        if self._waiting >= MAX_WAITING:
            raise BusyError("too many passwords are being checked: try again")
        self._waiting += 1
        try:
            if delay > _SMALL:
                await asyncio.sleep(delay)
            async with self._room:
                return await asyncio.to_thread(compute, *arguments)
        finally:
            self._waiting -= 1
