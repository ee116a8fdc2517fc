"""Token buckets: a burst, then the rate."""

from __future__ import annotations

import pytest

from pfnb.commands.rates import rate_of
from pfnb.exceptions import ParameterError
from pfnb.hub import buckets
from pfnb.hub.buckets import Buckets


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_taken_at_once_and_then_one_token_after_the_other() -> None:
    clock = Clock()
    made = Buckets(clock)
    rate = rate_of("10/s burst 3")
    assert [made.take("a", rate) for _ in range(4)] == [0, 0, 0, pytest.approx(0.1)]
    assert made.take("b", rate) == 0, "each key has its own"
    clock.now = 0.1
    assert made.take("a", rate) == 0
    assert made.take("a", rate) == pytest.approx(0.1)
    clock.now = 60.0
    assert [made.take("a", rate) > 0 for _ in range(4)] == [False, False, False, True], "never more than a burst"


def test_asking_in_vain_takes_nothing() -> None:
    clock = Clock()
    made, rate = Buckets(clock), rate_of("1/s")
    made.take("a", rate)
    for _ in range(100):
        made.take("a", rate)
    clock.now = 1.0
    assert made.take("a", rate) == 0


def test_the_number_of_buckets_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "MOST", 2)
    made, rate = Buckets(Clock()), rate_of("1/d")
    for key in "abab":
        made.take(key, rate)
    made.take("c", rate)
    assert made.take("b", rate) > 0
    assert made.take("a", rate) == 0, "the one used longest ago was forgotten"


@pytest.mark.parametrize(
    ("given", "requests", "per", "burst"),
    [
        ("100/minute", 100, 60, 100),
        ("5/s burst 20", 5, 1, 20),
        ("10 per 30s, burst=5", 10, 30, 5),
        ({"requests": 7, "per": "2h"}, 7, 7200, 7),
        ('{"requests": "7", "per": 2, "burst": "8"}', 7, 2, 8),
    ],
)
def test_a_rate_is_written_as_text_or_as_a_map(given: object, requests: int, per: int, burst: int) -> None:
    rate = rate_of(given)
    assert rate == {"requests": requests, "per": per, "burst": burst}
    assert rate_of(rate) == rate


@pytest.mark.parametrize(
    "given",
    ["100", "x/s", "5/fortnight", "0/s", "5/0s", "5/2d", "{", {"requests": 1}, {"requests": 1, "per": 1, "bust": 2}, 5, [1],
     {"requests": 1.5, "per": 1}, {"requests": 1, "per": "soon"}],
)  # fmt: skip
def test_what_is_no_rate_is_an_error(given: object) -> None:
    with pytest.raises(ParameterError, match=r"^rate"):
        rate_of(given)
