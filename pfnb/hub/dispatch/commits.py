"""The events that are being committed, by the listeners they are for. Those of a listener that is renamed or deleted meanwhile
would wait for a name that is gone."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Sequence
from typing import TypeVar

T = TypeVar("T")


class Commits:
    def __init__(self) -> None:
        self._begun: Counter[str] = Counter()
        self._ended: Counter[str] = Counter()
        self._beat = asyncio.Event()

    async def of(self, names: Sequence[str], commit: Awaitable[T]) -> T:
        """The result of this commit of events for listeners of these names."""
        self._begun.update(names)
        try:
            return await commit
        finally:
            self._ended.update(names)
            self._beat.set()

    def ended(self, names: Sequence[str]) -> list[int]:
        """How many commits of each of these names have ended."""
        return [self._ended[name] for name in names]

    async def were_more(self, names: Sequence[str], ended: list[int]) -> bool:
        """Whether there were others than these that had `ended`. Returns when none is under way."""
        begun = [self._begun[name] for name in names]
        while self.ended(names) != begun:
            self._beat.clear()
            await self._beat.wait()
        return begun != ended
