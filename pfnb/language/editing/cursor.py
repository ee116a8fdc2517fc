"""Locates the cursor in an unfinished pipeline, by lines and indentation, since no parser can read it yet."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

ITEM: Final = "-"
"""Marks an entry of a list in a path."""

_DASH = re.compile(r"-(?: +|$)")
_KEY = re.compile(r"""(?:"([^"]*)"|'([^']*)'|([^\s"'#\[{}\],&*!|>%@`-][^:#]*?|-[^\s:#][^:#]*?))[ ]*:(?=[ ]|$)[ ]*""")
_BLOCK_TEXT = re.compile(r"[|>][-+0-9]*[ ]*(?:#.*)?$")
_FLOW_KEY = re.compile(r"""[ ]*(?:"([^"]*)"|'([^']*)'|([^\s"'{}\[\],:]+))[ ]*:(?=[ ]|$|[{\["'])""")
_QUOTED = re.compile(r"""'(?:[^']|'')*'|"(?:[^"\\]|\\.)*\"""")


@dataclass(frozen=True, slots=True)
class Cursor:
    """`path` leads from the document's root to the cursor, with ITEM for an entry of a list. `is_key`: a key is being written,
    and `siblings` are the other keys of its mapping; otherwise a value is, that of the path's last name. `word` is the part of
    it before the cursor. `has_colon`: the key already has its colon."""

    path: tuple[str, ...]
    is_key: bool
    word: str
    siblings: frozenset[str] = frozenset()
    has_colon: bool = False


@dataclass(slots=True)
class _Level:
    """An open mapping or list. `indent` is None within braces and brackets."""

    indent: int | None
    is_list: bool = False
    keys: list[str] = field(default_factory=list)
    key: str | None = None

    @property
    def step(self) -> str | None:
        return ITEM if self.is_list else self.key


def cursor_at(text: str, line: int, column: int) -> Cursor:
    """The cursor before the character at `line` and `column`, which count from 1."""
    lines = text.split("\n")
    reader = _Reader()
    for each in lines[: line - 1]:
        reader.read(each)
    current = lines[line - 1] if line <= len(lines) else ""
    is_key, word = reader.read_to(current[: column - 1])
    level = reader.levels[-1] if is_key and reader.levels else None
    outer = reader.levels[:-1] if is_key else reader.levels
    path = tuple(each.step for each in outer if each.step is not None)
    if level is None:
        return Cursor(path, is_key, word)
    rest = current[column - 1 :]
    has_colon = bool(re.match(r"[^\s:,{}\[\]]*[ ]*:(?:[ ]|$)", rest))
    reader.finish(level, rest, lines[line:])
    return Cursor(path, is_key, word, frozenset(level.keys), has_colon)


class _Reader:
    """Follows the lines of a document and tracks the open levels."""

    def __init__(self) -> None:
        self.levels: list[_Level] = []
        self.text_above: int | None = None

    def read(self, line: str) -> None:
        """A whole line."""
        content = line.lstrip(" ")
        indent = len(line) - len(content)
        if self.is_text(content, indent):
            return
        if self.in_flow:
            self.flow(content)
            return
        content, indent = self.dashes(content, indent)
        key = _KEY.match(content)
        if key is None:
            return
        self.enter(indent, _first(key))
        value = content[key.end() :]
        if _BLOCK_TEXT.match(value):
            self.text_above = indent
        elif value[:1] in ("{", "["):
            self.flow(value)

    def read_to(self, line: str) -> tuple[bool, str]:
        """Read a line up to the cursor. Returns whether a key is being written there, and its part so far. Its level is then
        the last one."""
        content = line.lstrip(" ")
        indent = len(line) - len(content)
        if content.startswith("#") or (self.text_above is not None and indent > self.text_above):
            self.levels.clear()  # the inside of a comment or a `|` text has no path
            return False, ""
        if self.in_flow:
            return self.flow(content)
        content, indent = self.dashes(content, indent)
        key = _KEY.match(content)
        if key is None:
            self.open(indent)
            return True, content
        self.enter(indent, _first(key))
        value = content[key.end() :]
        return self.flow(value) if value[:1] in ("{", "[") else (False, value)

    def finish(self, level: _Level, rest: str, following: list[str]) -> None:
        """Read on after the cursor while its level is open, to collect later keys."""
        if level.indent is None:
            self.flow(rest.lstrip())
            return
        for line in following:
            if line.strip() and not line.startswith(" " * level.indent):
                return
            self.read(line)

    @property
    def in_flow(self) -> bool:
        return bool(self.levels) and self.levels[-1].indent is None

    def is_text(self, content: str, indent: int) -> bool:
        """Whether a line is blank, or part of a `|` or `>` text."""
        if not content.strip() or content.startswith("#"):
            return True
        if self.text_above is not None and indent > self.text_above:
            return True
        self.text_above = None
        return False

    def dashes(self, content: str, indent: int) -> tuple[str, int]:
        """Open a list for each dash. Returns the rest of the line and its indentation."""
        while dash := _DASH.match(content):
            self.close(indent)
            if not self.levels or not self.levels[-1].is_list or self.levels[-1].indent != indent:
                self.levels.append(_Level(indent, is_list=True))
            indent += dash.end()
            content = content[dash.end() :]
        return content, indent

    def close(self, indent: int) -> None:
        """Close the levels indented deeper than `indent`."""
        while self.levels and (self.levels[-1].indent or 0) > indent:
            self.levels.pop()

    def open(self, indent: int) -> _Level:
        """The mapping whose keys have this indentation."""
        self.close(indent)
        if self.levels and self.levels[-1].is_list and self.levels[-1].indent == indent:
            self.levels.pop()
        if not self.levels or self.levels[-1].is_list or self.levels[-1].indent != indent:
            self.levels.append(_Level(indent))
        return self.levels[-1]

    def enter(self, indent: int, key: str) -> None:
        level = self.open(indent)
        level.keys.append(key)
        level.key = key

    def flow(self, text: str) -> tuple[bool, str]:
        """Read text that opens or continues braces and brackets. Returns whether a key is expected at its end, and its part so
        far."""
        start = at = 0
        while at < len(text):
            level = self.levels[-1] if self.in_flow else None
            key = _FLOW_KEY.match(text, at) if level is not None and not level.is_list and level.key is None else None
            if level is not None and key is not None:
                level.key = _first(key)
                level.keys.append(level.key)
                at = start = key.end()
                continue
            if quoted := _QUOTED.match(text, at):
                at = quoted.end()
                continue
            character, at = text[at], at + 1
            if character in "{[":
                self.levels.append(_Level(None, is_list=character == "["))
                start = at
            elif level is not None and character in "}]":
                self.levels.pop()
                start = at
            elif level is not None and character == ",":
                level.key = None
                start = at
            elif character in "'\"":
                break
        level = self.levels[-1] if self.in_flow else None
        return level is not None and not level.is_list and level.key is None, text[start:].lstrip()


def _first(found: re.Match[str]) -> str:
    return next(group for group in found.groups() if group is not None)
