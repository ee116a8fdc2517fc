"""Who looks at events learns what is new."""

from __future__ import annotations

import pytest

from pfnb.hub.past import changes
from pfnb.hub.past.changes import Changes


def test_what_changed_after_a_number_comes_once_each_and_oldest_first() -> None:
    made = Changes()
    begun = made.number
    for seq in (1, 2, 3, 1):
        made.note(seq)
    assert made.after(begun) == [(begun + 2, 2), (begun + 3, 3), (begun + 4, 1)]
    assert made.after(begun + 3) == [(begun + 4, 1)]
    assert made.after(made.number) == []


def test_numbers_of_another_hub_are_known_as_such() -> None:
    earlier = Changes()
    earlier.note(1)
    later = Changes()
    assert later.after(earlier.number) is None
    assert later.after(later.number + 1) is None


def test_so_many_changes_are_kept_and_older_ones_said_to_be_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "MAX_CHANGED", 3)
    made = Changes()
    begun = made.number
    for seq in range(5):
        made.note(seq)
    assert made.after(begun + 1) is None
    assert made.after(begun + 2) == [(begun + 3, 2), (begun + 4, 3), (begun + 5, 4)]


def test_after_a_change_of_many_everything_is_new() -> None:
    made = Changes()
    made.note(1)
    before = made.number
    made.note_many()
    assert made.after(before) is None
    assert made.after(made.number) == []
