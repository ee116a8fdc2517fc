"""Values kept for other pipelines of the same user."""

import pytest

from pfnb.exceptions import AccessDeniedError, NotFoundError, ParameterError, PayloadTooLargeError
from pfnb.language import ANONYMOUS, User
from pfnb.language.roles import EVERYTHING
from tests.commands.conftest import real_hub as hub

__all__ = ["hub"]


def steps(*lines):
    return "pipeline:\n" + "".join(f"  - {line}\n" for line in lines)


@pytest.mark.parametrize("value", [{"a": [1, None]}, "#{7*7}", None])
async def test_a_value_is_there_in_a_later_run(run, value):
    await run(steps("cache.put: {key: a}"), body=value)
    assert (await run(steps("cache.get: {key: a}"), body="other")).body == value


async def test_putting_keeps_the_body(run):
    assert (await run(steps("cache.put: {key: a, value: 1}"), body="kept")).body == "kept"


@pytest.mark.parametrize(("asked", "minutes"), [(None, 5), (-1, 5), (0, 5), (4, 5), (30, 30), (121, 120)])
async def test_the_time_to_live_is_between_5_and_120_minutes(run, hub, asked, minutes):
    given = "" if asked is None else f", timeToLive: {asked}"
    await run(steps(f"cache.put: {{key: a, value: 1{given}}}"))
    (entry,) = await hub.list_cached()
    assert entry["expires"] - entry["created"] == minutes * 60_000


async def test_a_missing_one_is_null(run):
    assert (await run(steps("cache.get: {key: a}"), body=1)).body is None


@pytest.mark.parametrize(("exits", "body"), [("true", 1), ("false", "later")])
async def test_the_run_ends_where_the_value_is_known_already(run, exits, body):
    await run(steps("cache.put: {key: a, value: 1}"))
    text = steps(f"cache.get: {{key: a, exit: {exits}}}", "body.set: later")
    assert (await run(text, body=0)).body == body
    assert (await run(text.replace("key: a", "key: b"), body=0)).body == "later"


async def test_it_is_removed_by_reading_or_clearing(run):
    put = "cache.put: {key: a, value: 1}"
    text = steps(put, "cache.get: {key: a, remove: true}", "cache.get: {key: a, output: vars.a}", put)
    text += steps("cache.clear: {key: a}", "cache.clear", "cache.list: {output: vars.left}").removeprefix("pipeline:\n")
    text += '  - body.set: ["#{body}", "#{vars.a}", "#{vars.left}"]\n'
    assert (await run(text)).body == [1, None, []]


async def test_it_tells_of_one_entry_or_of_all(run):
    text = steps("cache.put: {key: a, value: 12}", "cache.put: {key: b, value: 345}")
    assert (await run(text + "  - cache.info")).body == {"entries": 2, "size": 5}
    one = (await run(steps("cache.info: {key: b}"))).body
    assert (one["key"], one["size"]) == ("b", 3)
    with pytest.raises(NotFoundError, match='no "c" in the cache'):
        await run(steps("cache.info: {key: c}"))


@pytest.mark.parametrize(
    ("step", "error"),
    [
        ("cache.put: {key: ''}", ParameterError),
        ("cache.put: {key: '#{body}'}", PayloadTooLargeError),
    ],
)
async def test_what_cannot_be_kept_is_refused(run, step, error):
    step = step if error is ParameterError else "cache.put: {key: a}"
    with pytest.raises(error):
        await run(steps(step), body="x" * 2_000_000)


@pytest.mark.parametrize("step", ["cache.put: {key: a}", "cache.get: {key: a}", "cache.list", "cache.clear"])
async def test_strangers_have_no_cache(run, step):
    with pytest.raises(AccessDeniedError):
        await run(steps(step), user=ANONYMOUS, owner=User("ada", EVERYTHING))


async def test_it_tells_whether_there_is_a_value_even_null(run):
    text = steps("cache.put: {key: a, value: null}", "cache.has: a")
    assert (await run(text)).body is True
    assert (await run(steps("cache.has: {key: b}"), body="x")).body is False
