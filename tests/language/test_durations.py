"""Durations as people write them."""

from __future__ import annotations

import pytest

from pfnb.exceptions import ParameterError
from pfnb.language.durations import duration_of, duration_text


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("30s", 30),
        ("1.5 h", 5400),
        ("250ms", 0.25),
        ("5m", 300),
        ("2 minutes", 120),
        ("1d", 86400),
        ("7", 7),
        (0.5, 0.5),
    ],
)
def test_a_duration_is_a_text_with_a_unit_or_a_number_of_seconds(given: object, seconds: float) -> None:
    assert duration_of(given, "wait", most=86_400) == seconds
    assert duration_of(duration_text(seconds), "wait", most=86_400) == seconds


@pytest.mark.parametrize(
    "given", ["", "soon", "30 parsecs", "-1s", 0, -1, True, None, "2d", float("nan"), float("inf"), [1]]
)
def test_anything_else_is_an_error_that_names_the_setting(given: object) -> None:
    with pytest.raises(ParameterError, match=r"^wait must be a time from 1ms to 1d, such as 30s"):
        duration_of(given, "wait", most=86_400)
