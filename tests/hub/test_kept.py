"""What pipelines leave in the hub for a while: files they made, and the cache."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from pfnb.exceptions import NotFoundError, ParameterError, PayloadTooLargeError
from pfnb.hub.access import HubAccess
from pfnb.hub.hub import Hub
from pfnb.hub.keeping import contents
from pfnb.hub.keeping.cache import MAX_KEY, MAX_VALUE
from pfnb.language.content import content_id_of
from pfnb.language.port import User
from pfnb.language.roles import EVERYTHING


def access(hub: Hub, name: str = "ada") -> HubAccess:
    return HubAccess(hub, User(name, EVERYTHING), "http://127.0.0.1:8899/pfnb")


async def test_a_file_that_was_made_is_read_by_its_reference(hub: Hub) -> None:
    reference = await access(hub).put_content(b"a,b", name="table.csv", content_type="text/csv")
    assert reference == {
        "name": "table.csv",
        "field": None,
        "contentType": "text/csv",
        "contentLength": 3,
        "contentEncoding": None,
        "checksum": f"sha-256={hashlib.sha256(b'a,b').hexdigest()}",
        "content": reference["content"],
    }
    content_id = content_id_of(reference)
    assert content_id is not None
    assert await access(hub).read_content(content_id) == b"a,b"


async def test_older_files_make_room(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "MAX_MADE_SIZE", 10)
    first, second = [await access(hub).put_content(b"12345678", name="a", content_type="a/b") for _ in range(2)]
    with pytest.raises(NotFoundError):
        await access(hub).read_content(content_id_of(first) or "")
    assert await access(hub).read_content(content_id_of(second) or "") == b"12345678"
    with pytest.raises(PayloadTooLargeError):
        await access(hub).put_content(b"x" * 11, name="a", content_type="a/b")


async def test_one_owners_files_take_no_room_from_another(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "MAX_MADE_SIZE", 10)
    mine = await access(hub).put_content(b"12345678", name="a", content_type="a/b")
    await access(hub, "eve").put_content(b"12345678", name="a", content_type="a/b")
    assert await access(hub).read_content(content_id_of(mine) or "") == b"12345678"


@pytest.mark.parametrize("value", [None, "text", {"a": [1, 2.5, True]}, "#{7*7}"])
async def test_a_cached_value_comes_back_as_it_was(hub: Hub, value: Any) -> None:
    put = await access(hub).put_cached("a", value, seconds=60)
    assert put["expires"] - put["created"] == 60_000
    assert await access(hub).get_cached("a") == {**put, "value": value}
    assert await access(hub).list_cached() == [put]


async def test_it_may_be_taken_away_with_the_reading(hub: Hub) -> None:
    await access(hub).put_cached("a", 1, seconds=60)
    assert await access(hub).get_cached("a", remove=True) is not None
    assert await access(hub).get_cached("a") is None


async def test_a_later_change_of_a_cached_value_changes_nothing(hub: Hub) -> None:
    value = [1]
    await access(hub).put_cached("a", value, seconds=60)
    value.append(2)
    assert (await access(hub).get_cached("a") or {})["value"] == [1]


async def test_each_owner_has_a_cache(hub: Hub) -> None:
    await access(hub).put_cached("a", 1, seconds=60)
    assert await access(hub, "eve").get_cached("a", remove=True) is None
    assert await access(hub, "eve").list_cached() == []
    assert await access(hub).get_cached("a") is not None


@pytest.mark.parametrize(
    ("key", "value", "error"),
    [
        ("", 1, ParameterError),
        ("x" * (MAX_KEY + 1), 1, ParameterError),
        ("a", {1, 2}, ParameterError),
        ("a", float("nan"), ParameterError),
        ("a", "x" * MAX_VALUE, PayloadTooLargeError),
    ],
)
async def test_what_cannot_be_cached_is_refused(hub: Hub, key: str, value: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        await access(hub).put_cached(key, value, seconds=60)
