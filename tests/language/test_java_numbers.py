"""Numbers in Java's decimal patterns."""

from decimal import Decimal

import pytest

from pfnb.exceptions import ParameterError
from pfnb.language.java.numbers import format_number, read_number, rounded, to_number


@pytest.mark.parametrize(
    ("number", "pattern", "symbol", "text"),
    [
        ("1234.567", "#,##0.00", "de", "1.234,57"),
        ("-1234567.5", "#,##0.00", "fr", "-1\u202f234\u202f567,50"),
        ("0.256", "0.0%", "en", "25.6%"),
        ("5", "00000", None, "00005"),
        ("0.5", "#.##", "en", ".5"),
        ("0", "#.##", "en", "0"),
        ("2.5", "0", "en", "2"),
        ("3.5", "0", "en", "4"),
        ("12.3", "#,##0.00 'EUR'", "de", "12,30 EUR"),
        ("1234", "#.###", ".", "1234"),
        ("-2", "'#'0", ".", "-#2"),
    ],
)
def test_writing(number, pattern, symbol, text):
    assert format_number(Decimal(number), pattern, symbol) == text


def test_reading():
    assert to_number("1.234,56", "de") == Decimal("1234.56")
    assert to_number(" 1 234.5 ") == Decimal("1234.5")
    assert to_number(0.1) == Decimal("0.1")
    assert read_number("-1.234,50 EUR", "#,##0.00 'EUR'", "de") == Decimal("-1234.50")
    assert read_number("25,6%", "0.0%", "de") == Decimal("0.256")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: to_number("x"), '"x" is not a number'),
        (lambda: to_number("٣"), "is not a number"),
        (lambda: to_number("9" * 1_000_000), "is not a number"),
        (lambda: to_number(10**500), "at most 400 digits"),
        (lambda: to_number("1e999"), "at most 400 digits"),
        (lambda: to_number(float("nan")), "is not a number"),
        (lambda: to_number(True), "expected a number"),
        (lambda: to_number([1]), "expected a number"),
        (lambda: format_number(Decimal(1), "abc"), "is not a number pattern"),
        (lambda: format_number(Decimal(1), "#" * 100_000), "is not a number pattern"),
        (lambda: rounded(Decimal(1), 10**9), "a scale must be from -400 to 400"),
    ],
)
def test_what_makes_no_sense_is_refused(call, message):
    with pytest.raises(ParameterError, match=message):
        call()
