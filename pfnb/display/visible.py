"""Makes foreign text safe to look at: every character is visible, and none has an effect."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import NewType

Html = NewType("Html", str)
"""Text that is already HTML. The type checker rejects foreign text, a plain `str`, where `Html` is required."""

_KEPT = "\u200c\u200d"  # joiners: Indic and Persian spelling and emoji need them, and they reorder nothing
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e0fff]+"
)
_UNSEEN_IN_A_LINE = re.compile(rf"{_UNSEEN.pattern}|[\t\n]+")


def visible(text: str, *, one_line: bool = False) -> str:
    """`text` with a mark for each invisible character: `␛` for ESC, `⟨U+202E⟩` for a bidi override.

    Line feeds and tabs stay, unless `one_line`.
    """
    return _pattern(one_line).sub(lambda run: _marks(run[0]), text.replace("\r\n", "\n"))


def markup(text: str, *, one_line: bool = False) -> Html:
    """`text` as inert HTML: escaped, with invisible characters as highlighted marks."""
    pieces, end = [], 0
    text = text.replace("\r\n", "\n")
    for run in _pattern(one_line).finditer(text):
        pieces += [html.escape(text[end : run.start()]), f'<span class="pfnb-mark">{_marks(run[0])}</span>']
        end = run.end()
    return Html("".join([*pieces, html.escape(text[end:])]))


def clip(text: str, length: int) -> str:
    """`text`, cut to `length` characters; an ellipsis replaces the rest."""
    return text if len(text) <= length else text[: length - 1] + "…"


def columns(text: str) -> int:
    """The width of `text` in columns of a fixed-width font."""
    return sum(_columns(character) for character in text)


def clip_columns(text: str, width: int) -> str:
    """As `clip`, measured in columns."""
    if len(text) * 2 <= width or columns(text) <= width:
        return text
    taken = 0
    for index, character in enumerate(text):
        taken += _columns(character)
        if taken >= width:
            return text[:index] + "…"
    return text


def _columns(character: str) -> int:
    if character in _KEPT or unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _pattern(one_line: bool) -> re.Pattern[str]:
    return _UNSEEN_IN_A_LINE if one_line else _UNSEEN


def _marks(run: str) -> str:
    return "".join(map(_mark, run))


def _mark(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"⟨U+{code:04X}⟩"
