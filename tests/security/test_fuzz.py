"""Every fuzz target holds on its seeds and on some hundred changes of each; `make fuzz` looks much further."""

from __future__ import annotations

from random import Random
from time import thread_time

import pytest

from tests.fuzz.seeds import SEEDS
from tests.fuzz.targets import TARGETS

CHANGES = 60
"""Of each seed. The same ones each time."""
SECONDS = 2.0


def test_every_target_has_seeds() -> None:
    assert set(TARGETS) == set(SEEDS)


@pytest.mark.parametrize("name", TARGETS)
def test_hostile_bytes_end_in_an_error_of_ours_and_soon(name: str) -> None:
    target, random = TARGETS[name], Random(name)
    for seed in SEEDS[name]:
        for data in (seed, *(_changed(seed, random) for _ in range(CHANGES))):
            began = thread_time()
            target(data)
            assert thread_time() - began < SECONDS, data


def _changed(data: bytes, random: Random) -> bytes:
    """Some bytes replaced, removed, repeated or brought in from another place."""
    changed = bytearray(data)
    for _ in range(random.randint(1, 4)):
        at, length = random.randint(0, len(changed)), random.randint(1, 8)
        piece = random.choice(
            [
                b"",
                random.randbytes(length),
                changed[:length],
                changed[at : at + length] * 3,
                b"{}[]()'\"#@$%\\:,.*?&|\n",
            ]
        )
        changed[at : at + random.choice((0, length))] = piece
    return bytes(changed)
