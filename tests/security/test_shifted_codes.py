"""The code of a reference is found in JSON of every charset that is read, however its letters are written there."""

from __future__ import annotations

import random
import re
from encodings.aliases import aliases

import pytest

from pfnb.hub.receiving.body_json import parse_json
from pfnb.language.charset import known_charset
from pfnb.language.content import parsed_without_codes

CODE = f".hmac-{'A' * 43}"
TEXT = f'{{"content": "$uri:attachment:x{CODE}"}}'
READ = sorted({codec for name in {*aliases, *aliases.values()} if (codec := known_charset(name.replace("_", "-")))})
SHIFTS = (
    b"\x1b(B",
    b"\x1b(J",
    b"\x1b$B\x1b(B",
    b"\x1b$@\x1b(J",
    b"\x1b[m",
    b"\x0e\x0f",
    b"~{~}",
    b"~\n",
    b"+-",
    b"\xef\xbb\xbf",
)


def test_the_charsets_that_shift_are_among_those_that_are_read() -> None:
    assert {"iso2022_jp", "gb18030", "shift_jis", "utf-16", "utf-32"} <= set(READ)


@pytest.mark.parametrize("charset", READ)
def test_no_charset_brings_a_code_through(charset: str) -> None:
    dice = random.Random(charset)
    for number in range(200):
        pieces = [piece.encode(charset, "ignore") for piece in re.split("(?<=[.hmac-])(?=[hmac-])", TEXT)]
        for _ in range(1 + number % 3):
            pieces.insert(dice.randrange(1, len(pieces)), dice.choice(SHIFTS))
        data = b"".join(pieces)
        try:
            value = parse_json(data, charset=charset)
        except ValueError:
            continue
        assert CODE not in repr(parsed_without_codes(value, data))
