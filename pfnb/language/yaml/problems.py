"""Explains YAML errors in the terms of a pipeline's author."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import ScalarEvent
from ruamel.yaml.reader import ReaderError

from pfnb.exceptions import PipelineSyntaxError

_COMMENTED = re.compile(r"(?m)^[^#\n'\"]*#\{")
_PLAIN_INDENT = re.compile(r"\s*(?:- +)*$")


class Seen:
    """The last event before a problem: where it ended, and what it was."""

    def __init__(self, event: Any = None) -> None:
        self.end: int = 0 if event is None else event.end_mark.index
        self.scalar: Any = event if isinstance(event, ScalarEvent) else None


def comment_problem(source: str, seen: Seen, event: Any) -> PipelineSyntaxError | None:
    """`message: #{vars.x}` without quotes: to YAML, a comment begins at the `#`, and the expression is lost.

    It is an error after anything on the same line; on a line of its own only where a value is missing.
    """
    missing = isinstance(event, ScalarEvent) and event.style is None and not event.value
    return _commented(source, seen, event.start_mark.index, missing=missing)


def _commented(source: str, seen: Seen, end: int, *, missing: bool) -> PipelineSyntaxError | None:
    start = seen.end
    gap = source[start:end]
    if "#{" not in gap:
        return None
    for found in _COMMENTED.finditer(gap):
        inline = found.start() == 0 and start > 0 and source[start - 1] != "\n"
        if missing or inline or found[0][:-2].strip():
            at = start + found.end() - 2
            value, comment = _lost(source, seen, at)
            message = (
                f"YAML reads {_short(comment)} as a comment, since it begins with # and is not quoted: put the value in "
                "quotes"
            )
            if '"' not in value:
                message += f', "{_short(value)}"'
            return _error(message, *_position(source, at))
    return None


def _lost(source: str, seen: Seen, at: int) -> tuple[str, str]:
    """The whole value as intended, and the part of it that YAML takes for a comment."""
    comment = source[at:].split("\n", 1)[0].rstrip()
    scalar = seen.scalar
    if scalar is not None and scalar.style is None and scalar.value and not source[seen.end : at].strip():
        return source[scalar.start_mark.index : at] + comment, comment
    closing = comment.find("}")
    return (comment[: closing + 1] if closing > 0 else comment), comment


def explain(error: Exception, source: str, seen: Seen, first_line: int) -> PipelineSyntaxError:
    """An error of the YAML library in plain words. Its position counts from 1; lines that it mentions count from `first_line`."""
    if isinstance(error, ReaderError):
        where = _position(source, error.position)
        return _error(f"the character {_code(error.character)} is not allowed in a pipeline", *where)
    if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
        return _error(f"this is not YAML: {error}", *_position(source, seen.end))
    mark = error.problem_mark
    lost = _commented(source, seen, mark.index, missing=True)
    if lost is not None:
        return lost
    problem = Problem(source, str(error.problem), str(error.context), mark, error.context_mark, seen.scalar, first_line)
    for explain_kind in (_of_colon, _of_character, _of_quotes, _of_brackets, _of_indentation):
        found = explain_kind(problem)
        if found is not None:
            message, at = found
            return _error(message, at.line + 1, at.column + 1)
    return _error(f"this is not YAML: {problem.says}", mark.line + 1, mark.column + 1)


@dataclass(frozen=True, slots=True)
class Problem:
    """The library's error: `mark` is where it failed, `begun` where the construct it was reading begins, `scalar` the event of
    the last text."""

    source: str
    says: str
    context: str
    mark: Any
    begun: Any
    scalar: Any
    first_line: int

    def line(self, mark: Any) -> int:
        """The line of a mark, counted as for the user."""
        return int(mark.line) + self.first_line


Explanation = tuple[str, Any] | None
"""The message, and the mark to point at."""


def _of_colon(problem: Problem) -> Explanation:
    if "could not find expected ':'" in problem.says:
        return "a colon is missing after this key", problem.begun
    if "mapping values are not allowed" not in problem.says:
        return None
    scalar, mark = problem.scalar, problem.mark
    if scalar is None or scalar.start_mark.line == mark.line:
        return (
            "this line has a second colon followed by a space: put the whole value in quotes, or begin a new line",
            mark,
        )
    first = problem.source[scalar.start_mark.index :].split("\n", 1)[0].strip()
    before = problem.source[: scalar.start_mark.index].rsplit("\n", 1)[-1]
    if _PLAIN_INDENT.match(before):
        return f'a colon is missing after "{_short(first)}"', scalar.start_mark
    key = problem.source[: mark.index].rsplit("\n", 1)[-1].strip()
    return (
        f'"{_short(key)}" is indented as if it belonged to the value "{_short(first)}" above it: '
        "a key has either a value on its line or keys below it",
        mark,
    )


def _of_character(problem: Problem) -> Explanation:
    if "cannot start any token" in problem.says:
        character = problem.source[problem.mark.index]
        if character == "\t":
            return "this line is indented with a tab: use spaces", problem.mark
        return f'a value cannot begin with "{character}": put it in quotes', problem.mark
    if "sequence entries are not allowed" in problem.says:
        return 'a list ("- …") cannot begin on the same line as its key: put it on the next line', problem.mark
    if "an alias" in problem.context or "an anchor" in problem.context or "a tag" in problem.context:
        return f'a value cannot begin with "{problem.source[problem.begun.index]}": put it in quotes', problem.begun
    if "block scalar" in problem.context:
        return 'after "|" or ">" the text begins on the next line, indented', problem.mark
    if "<document start>" in problem.says:
        return "unexpected text after the end of the value", problem.mark
    if "unknown escape character" in problem.says and problem.mark.index < len(problem.source):
        escape = problem.source[problem.mark.index]
        return f'\\{escape} means nothing within "…": write \\\\{escape}, or use single quotes', problem.mark
    return None


def _of_quotes(problem: Problem) -> Explanation:
    if "quoted scalar" in problem.context:
        return "the quote that opens here is never closed", problem.begun
    scalar = problem.scalar
    after_quote = scalar is not None and scalar.style in ("'", '"') and "expected <block end>" in problem.says
    if after_quote and scalar.end_mark.line == problem.mark.line:
        opened = scalar.start_mark
        if opened.line != scalar.end_mark.line:
            return f"the quote that opens here is closed only in line {problem.line(scalar.end_mark)}", opened
        inner = "''" if scalar.style == "'" else '\\"'
        return f"text follows the closing quote: within {scalar.style}…{scalar.style} write {inner}", problem.mark
    return None


def _of_brackets(problem: Problem) -> Explanation:
    if "flow mapping" in problem.context or "flow sequence" in problem.context:
        bracket, closing = ("{", "}") if "mapping" in problem.context else ("[", "]")
        return f'after this "{bracket}" a comma or the closing "{closing}" is missing', problem.begun
    if "flow node" in problem.context or "expected the node content" in problem.says:
        return "a value is missing here", problem.mark
    return None


def _of_indentation(problem: Problem) -> Explanation:
    if "expected <block end>" not in problem.says or problem.begun is None:
        return None
    begun = problem.line(problem.begun)
    if "block collection" in problem.context or "block sequence" in problem.context:
        return (
            f'expected another "- …" of the list that begins in line {begun}, or this line indented differently',
            problem.mark,
        )
    if "'-'" in problem.says:
        return f'expected a "key: value" like those from line {begun} on, not a "- …"', problem.mark
    return f"this line is not indented like the lines it belongs to, which begin in line {begun}", problem.mark


def _error(message: str, line: int, column: int) -> PipelineSyntaxError:
    return PipelineSyntaxError(message, line=line, column=column)


def _position(source: str, index: int) -> tuple[int, int]:
    before = source[:index]
    return before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"


def _code(character: Any) -> str:
    return f"U+{ord(character) if isinstance(character, str) else character:04X}"
