"""What is kept in memory for a while: bounded in time, number and bytes."""

from __future__ import annotations

import pytest

from pfnb.exceptions import PayloadTooLargeError
from pfnb.hub.keeping.shelf import Shelf


class Clock:
    now = 1_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shelf(clock: Clock) -> Shelf:
    return Shelf(entries=3, size=10, now=clock)


def there(shelf: Shelf) -> dict[str, bytes]:
    return {key: kept.data for key, kept in shelf}


def test_it_is_there_until_its_time_is_over(shelf: Shelf, clock: Clock) -> None:
    shelf.put("a", b"one", 2)
    clock.now += 1_999
    kept = shelf.get("a")
    assert kept is not None
    assert (kept.data, kept.expires - kept.created) == (b"one", 2_000)
    clock.now += 1
    assert shelf.get("a") is None
    assert there(shelf) == {}
    assert shelf.used == 0


def test_the_same_key_is_replaced(shelf: Shelf) -> None:
    shelf.put("a", b"123456", 1)
    shelf.put("a", b"12", 1)
    assert (there(shelf), shelf.used) == ({"a": b"12"}, 2)


def test_the_oldest_goes_where_there_are_too_many(shelf: Shelf) -> None:
    for key in "abcd":
        shelf.put(key, b"", 1)
    assert list(there(shelf)) == ["b", "c", "d"]


def test_or_too_many_bytes(shelf: Shelf) -> None:
    for key in "abc":
        shelf.put(key, b"12345", 1)
    assert (list(there(shelf)), shelf.used) == (["b", "c"], 10)


def test_what_has_expired_goes_first(shelf: Shelf, clock: Clock) -> None:
    shelf.put("long", b"1", 10)
    shelf.put("short", b"1", 1)
    shelf.put("third", b"1", 10)
    clock.now += 5_000
    shelf.put("new", b"1", 10)
    assert list(there(shelf)) == ["long", "third", "new"]


def test_what_never_fits_is_refused_and_nothing_lost(shelf: Shelf) -> None:
    shelf.put("a", b"1", 1)
    with pytest.raises(PayloadTooLargeError, match="11 bytes are too many"):
        shelf.put("a", b"12345678901", 1)
    assert there(shelf) == {"a": b"1"}


def test_what_is_removed_is_returned_once(shelf: Shelf) -> None:
    shelf.put("a", b"1", 1)
    removed = shelf.remove("a")
    assert removed is not None
    assert removed.data == b"1"
    assert shelf.remove("a") is None
