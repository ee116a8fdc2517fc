"""Translates a Java regular expression for the `regex` library, and refuses what Java does not know or what grows too large.

The library expands counted repetitions, nested ones included, so their product has to be bounded.
"""

from __future__ import annotations

import re

import regex

from pfnb.exceptions import PelEvaluationError
from pfnb.language.pel.limits import MAX_PATTERN, MAX_PATTERN_WEIGHT

_PIECE = re.compile(
    r"""
      \\Q (?P<quoted> .*? ) (?: \\E | \Z )
    | (?P<property> \\[pP]\{\w+\} )
    | \\k<(?P<named> \w+ )>
    | \\x\{ (?P<code> 0*(?:10|[0-9a-fA-F])?[0-9a-fA-F]{1,4} ) \}
    | \\ (?P<escaped> . )
    | (?P<open> \[\^?\]? )
    | (?P<close> \] )
    | (?P<count> \{ (?P<low> [0-9]{1,9} ) (?: , (?P<high> [0-9]{0,9} ) )? \} )
    | (?P<group> \( (?: \? (?: [:=!>] | <[=!] | <[a-zA-Z][a-zA-Z0-9]*> ) | (?! [?*] ) ) )
    | \(\? (?P<flags> [idmsuxU]* (?: -[idmsuxU]+ )? ) (?P<end_of_flags> [:)] )
    | (?P<end> \) )
    | (?P<doubled> -- | \|\| | ~~ )
    | (?P<quantifier> [*+?|^$] )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {
    "d": "[0-9]",
    "D": "[^0-9]",
    "w": "[a-zA-Z0-9_]",
    "W": "[^a-zA-Z0-9_]",
    "s": r"[ \t\n\x0b\f\r]",
    "S": r"[^ \t\n\x0b\f\r]",
    "Z": r"(?=(?:\r\n|[\n\r\x85\u2028\u2029])?\Z)",
    "z": r"\Z",
    "e": r"\x1b",
}
_WITHOUT_MEANING = frozenset("LKGmMXNgyY")
_ANY_BUT_LINE_ENDS = r"[^\n\r\x85\u2028\u2029]"
_DOT_MEANS_ALL = re.compile(r"\(\?[a-zA-Z]*s")


def translated(pattern: str) -> str:
    """The pattern in the `regex` library's syntax. Raises PelEvaluationError if Java would not accept it, or it is too large."""
    if len(pattern) > MAX_PATTERN:
        raise PelEvaluationError(f"a regular expression may have at most {MAX_PATTERN:,} characters")
    return _Translation(pattern).text()


class _Translation:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._dot = "." if _DOT_MEANS_ALL.search(pattern) else _ANY_BUT_LINE_ENDS
        self._depth = 0  # of brackets: > 0 within a class
        self._last = 0  # weight of what a count would repeat
        self._weights = [0]  # of each open group, the whole first

    def text(self) -> str:
        return "".join(map(self._piece, _PIECE.finditer(self._pattern)))

    def _piece(self, piece: re.Match[str]) -> str:
        kind = piece.lastgroup
        if kind == "open":
            self._depth += 1
            return piece[0]
        if kind == "close" and self._depth:
            self._depth -= 1
            if not self._depth:
                self._add(1)
            return piece[0]
        return self._within_class(piece) if self._depth else self._outside(piece)

    def _within_class(self, piece: re.Match[str]) -> str:
        if piece.lastgroup == "doubled":
            return "".join(f"\\{character}" for character in piece[0])
        return self._literal(piece)

    def _outside(self, piece: re.Match[str]) -> str:
        match piece.lastgroup:
            case "group":
                self._weights.append(0)
                return piece[0]
            case "end_of_flags":
                return self._flags(piece["flags"], piece["end_of_flags"])
            case "end":
                inner = self._weights.pop() if len(self._weights) > 1 else 0
                self._add(max(inner, 1))
                return piece[0]
            case "count":
                times = max(int(piece["low"]), int(piece["high"] or 0), 1)
                self._add(self._last * (times - 1), repeated=self._last * times)
                return piece[0]
            case "quantifier":
                return piece[0]
            case "other" if piece[0] in "{(":
                place = f"'{self._pattern[piece.start() : piece.start() + 3]}' at {piece.start() + 1}"
                raise PelEvaluationError(f"the regular expression is not valid: {place} has no meaning")
        self._add(max(len(piece["quoted"] or ""), 1))
        return self._dot if piece[0] == "." else self._literal(piece)

    def _add(self, weight: int, repeated: int | None = None) -> None:
        self._weights[-1] += weight
        self._last = weight if repeated is None else repeated
        if self._weights[-1] > MAX_PATTERN_WEIGHT:
            raise PelEvaluationError(
                "the regular expression repeats too much: its counts multiply, so make them smaller"
            )

    def _flags(self, flags: str, end: str) -> str:
        """Java's `u` and `U` are always on here, and `d` hardly differs; the rest are the same letters."""
        kept = flags.translate(dict.fromkeys(map(ord, "duU"))).removesuffix("-")
        if end == ":":
            self._weights.append(0)
        return f"(?{kept}{end}" if kept or end == ":" else ""

    def _literal(self, piece: re.Match[str]) -> str:
        if piece["quoted"] is not None:
            return str(regex.escape(piece["quoted"], special_only=False))
        if piece["code"] is not None:
            return str(regex.escape(chr(int(piece["code"], 16)), special_only=False))
        if piece["named"] is not None:
            return f"(?P={piece['named']})"
        if piece["escaped"] is None:
            return piece[0]
        if piece["escaped"] in _WITHOUT_MEANING:
            raise PelEvaluationError(f"the regular expression is not valid: \\{piece['escaped']} has no meaning")
        return _ESCAPES.get(piece["escaped"], piece[0])
