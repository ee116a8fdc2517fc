"""Frames of the session protocol, short and long: what is packed comes back as it was."""

from __future__ import annotations

from typing import Any

import pytest

from pfnb.exceptions import RequestError, RunLimitError
from pfnb.http import wire
from pfnb.http.parts import PIECE
from pfnb.http.wire import LARGE_FRAME, MAX_FRAME, Incoming, pack, packed

LONG = "x" * 100_000
VALUES = {
    "nothing": None,
    "a short text": "x",
    "a long text": LONG,
    "a text longer than a message": "é" * 3 * PIECE,
    "emoji": "😀" * PIECE,
    "long texts in lists and maps": [1, {"a": LONG, "b": [LONG, None, ["c"]], "c": "x"}, LONG],
    "many items": [{"name": f"n{number}", "at": [number, None]} for number in range(2_000)],
    "many items, some of them long": [LONG if number % 700 == 0 else number for number in range(2_000)],
    "many keys": {f"key {number}": {"at": number} for number in range(2_000)},
    "a map of long ones": {"a": {str(number): number for number in range(2_000)}, "b": [[LONG]] * 3},
    "long keys": {LONG: LONG},
    "nested deeply": [[[[[LONG], LONG], LONG], {"a": [{"b": LONG}]}], *range(2_000)],
}


async def sent(head: dict[str, Any], body: bytes = b"") -> tuple[dict[str, Any], bytes]:
    """What arrives at the other end."""
    incoming, *messages = Incoming(), *await packed(head, body)
    assert all(len(message) <= PIECE for message in messages)
    frames = [frame for message in messages if (frame := await incoming.frame(message)) is not None]
    assert len(frames) == 1
    return frames[0]


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("body", [b"", b"raw", bytes(2 * PIECE)], ids=len)
async def test_a_frame_arrives_as_it_was_sent(name: str, body: bytes) -> None:
    head = {"type": "result", "id": 1, "value": VALUES[name]}
    assert await sent(head, body) == (head, body)


async def test_a_connection_takes_one_long_frame_after_the_other_and_short_ones_between() -> None:
    incoming = Incoming()
    for text in ("x" * PIECE * 2, "y", "z" * PIECE * 2):
        *first, last = await packed({"value": text})
        assert [await incoming.frame(message) for message in first] == [None] * len(first)
        assert await incoming.frame(last) == ({"value": text}, b"")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("\ud83d" + LONG, "�" + LONG), (LONG + "\ud83d\ude00", LONG + "😀"), ("\ude00" * PIECE * 2, "�" * PIECE * 2)],
)
async def test_half_a_surrogate_pair_in_a_long_text_becomes_a_replacement(text: str, expected: str) -> None:
    assert (await sent({"value": text}))[0] == {"value": expected}


async def test_keys_that_are_no_texts_become_texts() -> None:
    assert (await sent({"value": {1: LONG, None: [LONG]}}))[0] == {"value": {"1": LONG, "null": [LONG]}}


async def test_what_is_sent_stays_as_it_is() -> None:
    value = {"a": [LONG, *range(2_000)]}
    await packed({"value": value})
    assert value == {"a": [LONG, *range(2_000)]}


@pytest.mark.parametrize(
    "value", ["😀" * (MAX_FRAME // 4 + 1), ["é" * 30_000] * (MAX_FRAME // 60_000 + 1)], ids=["text", "list"]
)
async def test_a_frame_that_is_too_long_only_as_bytes_is_refused(value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RunLimitError, match="at most 96 MiB"):
        await packed({"value": value})


@pytest.mark.parametrize("size", [0, LARGE_FRAME, MAX_FRAME + 1, -1, 1e6, "x", None, True])
async def test_a_long_frame_of_another_size_is_refused(size: Any) -> None:
    with pytest.raises(RequestError, match="a long frame has"):
        await Incoming().frame(pack({"type": wire.LONG, "size": size}))


async def test_more_bytes_than_announced_are_refused() -> None:
    incoming = Incoming()
    await incoming.frame(pack({"type": wire.LONG, "size": PIECE + 1}))
    assert await incoming.frame(bytes(PIECE)) is None
    with pytest.raises(RequestError, match="longer than announced"):
        await incoming.frame(bytes(2))


PLACES: list[Any] = [
    1,
    [1],
    [[["value"]]],
    [[[], 1]],
    [[["value"], 5]],
    [[["value"], -1]],
    [[["value"], 1.0]],
    [[["value"], None]],
    [[["text"], 1]],
    [[["number"], 1]],
    [[["list"], 2]],
    [[["map"], 2]],
    [[["list", 7], 1]],
    [[["list", "x"], 1]],
    [[["nowhere"], 1]],
    [[[["value"]], 1]],
    [[["text", 0], 1]],
]


@pytest.mark.parametrize("places", PLACES, ids=str)
async def test_parts_that_do_not_fit_are_refused(places: Any) -> None:
    head = {"value": None, "text": "x", "number": 1, "list": [1], "map": {"a": 1}}
    with pytest.raises(RequestError, match="does not fit"):
        await Incoming().frame(pack({**head, "parts": places}, b"1x"))
