"""The time, in Java's patterns."""

import re
from datetime import datetime, timedelta

import pytest

from pfnb.exceptions import ParameterError


def step(text):
    return f"pipeline:\n  - {text}\n"


@pytest.mark.parametrize(
    ("given", "shape"),
    [
        ("datetime", "%d.%m.%Y %H:%M:%S"),
        ("datetime: {format: dd.MM.yyyy}", "%d.%m.%Y"),
        ('datetime: {format: "dd/MM/yyyy"}', "%d/%m/%Y"),
        ("datetime: {format: \"yyyy-MM-dd'T'HH:mm\"}", "%Y-%m-%dT%H:%M"),
    ],
)
async def test_it_is_now_in_the_zone_of_this_machine(run, given, shape):
    body = (await run(step(given))).body
    now = datetime.now()
    assert now.strftime(shape)[:8] == body[:8] or now - datetime.strptime(body, shape) < timedelta(days=1)
    assert datetime.strptime(body, shape)


async def test_the_documented_chain_logs_the_date(run, logged):
    text = 'pipeline:\n  - datetime:\n      format: "dd/MM/yyyy"\n  - log:\n      message: "The current date is: #{body}"\n'
    await run(text)
    assert re.fullmatch(r"The current date is: \d\d/\d\d/\d{4}", logged[0][1])


async def test_a_wrong_pattern_says_so(run):
    with pytest.raises(ParameterError):
        await run(step("datetime: {format: 'dd.MM.yyyy pp'}"))


async def test_zones_have_their_names_in_order(run):
    body = (await run(step("datetime.zones"))).body
    assert body == sorted(body)
    assert {"Europe/Berlin", "UTC"} < set(body)
