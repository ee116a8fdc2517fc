"""Dates, times and zones in Java's patterns, and what is understood without a pattern."""

from datetime import UTC, datetime

import pytest

from pfnb.exceptions import ParameterError
from pfnb.language.java.dates import format_moment, parse_moment
from pfnb.language.java.moments import from_millis, to_millis, to_moment
from pfnb.language.java.zones import local_zone, zone, zone_names

BERLIN = zone("Europe/Berlin")
MOMENT = datetime(2030, 1, 10, 20, 5, 7, 123456, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("dd.MM.yyyy HH:mm:ss", "10.01.2030 20:05:07"),
        ("dd.MM.YY HH:mm", "10.01.30 20:05"),
        ("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "2030-01-10T20:05:07.123+01:00"),
        ("EEEE, d. MMMM yyyy", "Donnerstag, 10. Januar 2030"),
        ("EEE MMM h:mm a z VV", "Do. Jan. 8:05 PM CET Europe/Berlin"),
        ("w W D Q QQQ EEEEE", "2 2 10 1 Q1 D"),
        ("XX X x Z ZZZZ ZZZZZ O", "+0100 +01 +01 +0100 GMT+01:00 +01:00 GMT+01:00"),
        ("''yy'' 'o''clock'", "'30' o'clock"),
        ("SSSSSSSSS n A k K [G]", "123456000 123456000 72307123 20 8 n. Chr."),
    ],
)
def test_writing(pattern, text):
    assert format_moment(MOMENT, pattern, "de-AT") == text


def test_the_year_of_a_week_is_meant_only_beside_a_week():
    new_year = datetime(2027, 1, 1, tzinfo=UTC)
    assert format_moment(new_year, "dd.MM.YYYY") == "01.01.2027"
    assert format_moment(new_year, "YYYY-'W'ww") == "2026-W53"


@pytest.mark.parametrize(
    ("text", "pattern", "moment"),
    [
        ("10.01.2030", "dd.MM.yyyy", "2030-01-10T00:00:00+00:00"),
        ("20300110T200507Z", "yyyyMMdd'T'HHmmssX", "2030-01-10T20:05:07+00:00"),
        ("10. März 2030 08:05 PM", "d. MMMM yyyy hh:mm a", "2030-03-10T20:05:00+00:00"),
        ("10.01.30 12:05 am", "dd.MM.yy hh:mm a", "2030-01-10T00:05:00+00:00"),
        ("10.07.30 08:05 Europe/Berlin", "dd.MM.yy HH:mm VV", "2030-07-10T08:05:00+02:00"),
        ("2030-01-10 20", "yyyy-MM-dd HH[:mm]", "2030-01-10T20:00:00+00:00"),
        ("2030-040", "yyyy-DDD", "2030-02-09T00:00:00+00:00"),
        ("10.01.2030 08:05:07.5 -0330", "dd.MM.yyyy HH:mm:ss.S Z", "2030-01-10T08:05:07.500000-03:30"),
    ],
)
def test_reading(text, pattern, moment):
    assert parse_moment(text, pattern, UTC, "de").isoformat() == moment


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("31.12.2012", "2012-12-31T00:00:00+01:00"),
        ("31.12.12", "2012-12-31T00:00:00+01:00"),
        ("2012/01/31", "2012-01-31T00:00:00+01:00"),
        ("31-01-12", "2012-01-31T00:00:00+01:00"),
        ("2012-01-31 23:59:59", "2012-01-31T23:59:59+01:00"),
        ("2001-07-04T12:08:56.235-0700", "2001-07-04T12:08:56.235000-07:00"),
        ("1682349730659", "2023-04-24T17:22:10.659000+02:00"),
        (1682349730659, "2023-04-24T17:22:10.659000+02:00"),
        ("Tue, 15 Nov 1994 12:45:26 GMT", "1994-11-15T12:45:26+00:00"),
        ("3. Februar 2020", "2020-02-03T00:00:00+01:00"),
        ("March 3, 2020", "2020-03-03T00:00:00+01:00"),
    ],
)
def test_what_people_write_is_understood_without_a_pattern(text, moment):
    assert to_moment(text, BERLIN).isoformat() == moment


def test_milliseconds_go_both_ways():
    assert to_millis(from_millis(1682349730659)) == 1682349730659


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: parse_moment("31.02.2012", "dd.MM.yyyy"), "is not a valid date: day"),
        (lambda: parse_moment("25:00", "HH:mm"), "is not a valid date: hour"),
        (lambda: parse_moment("1.1.2012", "dd.MM.yyyy"), "does not match the date pattern dd.MM.yyyy"),
        (lambda: parse_moment("1", "H" * 10_000), "at most 200 characters"),
        (lambda: parse_moment("1 1", "H H"), "has 'H' twice"),
        (lambda: parse_moment("1", "H[m"), "bracket"),
        (lambda: parse_moment("1", "H]m"), "bracket"),
        (lambda: parse_moment("1", "w"), "can be formatted, but not parsed"),
        (lambda: format_moment(MOMENT, "foo"), "'f' is not a letter of date patterns"),
        (lambda: format_moment(MOMENT, "HH'"), "unclosed quote"),
        (lambda: format_moment(MOMENT, "MMM", "xx"), 'unknown locale "xx"'),
        (lambda: to_moment("x" * 100_000), "is not a date"),
        (lambda: to_moment(True), "must be a text, or milliseconds"),
        (lambda: from_millis(1e30), "outside of the years"),
        (lambda: zone("../../etc/passwd"), "unknown time zone"),
        (lambda: zone("/etc/passwd"), "unknown time zone"),
        (lambda: zone("Europe"), "unknown time zone"),
        (lambda: zone("+19:00"), "unknown time zone"),
    ],
)
def test_what_makes_no_sense_is_refused(call, message):
    with pytest.raises(ParameterError, match=message):
        call()


def test_zones_have_regions_offsets_and_one_of_this_machine(monkeypatch):
    assert datetime(2030, 7, 1, tzinfo=zone("UTC+2")).isoformat() == "2030-07-01T00:00:00+02:00"
    assert zone("z") is UTC
    assert {"Europe/Berlin", "America/New_York"} <= set(zone_names())
    monkeypatch.setenv("TZ", "Europe/Berlin")
    assert str(local_zone()) == "Europe/Berlin"
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    assert datetime.now(local_zone()).utcoffset() is not None
