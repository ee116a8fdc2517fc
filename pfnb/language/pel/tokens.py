"""Cuts an expression into tokens with one compiled pattern; the kinds are those of Spring's expression language."""

from __future__ import annotations

import re
from typing import TypeAlias

from pfnb.language.pel.errors import syntax_error

Token: TypeAlias = tuple[str, str, int]
"""Kind, text and offset. The kind is `name`, `number`, `text` or `end`, and for symbols the symbol itself."""

_TOKEN = re.compile(
    r"""
    [ \t\r\n]*+ (?:
        (?P<symbol> \$[\[{] | \#\{ | \+\+ | -- | && | \|\| | == | != | !\[ | <= | >= | \?[.:\[] | \^\[
                  | [-+*/%^!<>=?:.,()\[\]{}\#@&] )
      | (?P<name> (?: [^\W\d] | \$ ) [\w$]*+ )
      | (?P<number> 0[xX][0-9a-fA-F]*+[lL]? | [0-9]++ (?: \.[0-9]++ )? (?: [eE][-+]?[0-9]++ )? [fFdDlL]? )
      | (?P<text> ' [^']*+ (?: '' [^']*+ )*+ ' | " [^"]*+ (?: "" [^"]*+ )*+ " )
      | (?P<end> \Z )
      | (?P<bad> . )
    )
    """,
    re.VERBOSE | re.DOTALL,
)


def tokenize(text: str, start: int, stop: int) -> list[Token]:
    """The tokens of `text[start:stop]`, closed by an `end` token; offsets count from the beginning of `text`."""
    tokens: list[Token] = []
    for match in _TOKEN.finditer(text, start, stop):
        kind = match.lastgroup or "end"
        word = match[kind]
        if kind == "symbol":
            kind = word
        elif kind == "bad":
            raise syntax_error(_complaint(word), text, match.start("bad"))
        tokens.append((kind, word, match.end() - len(word)))
    return tokens


def _complaint(character: str) -> str:
    if character in "'\"":
        return f"the text that starts here has no closing {character} (within a text, write the quote twice)"
    if character == "|":
        return "unexpected '|': write || or 'or'"
    if character == "\\":
        return "unexpected backslash: outside of a text it means nothing"
    if character.isspace():
        return f"unexpected white space U+{ord(character):04X}: write an ordinary space"
    return f"unexpected character {character!r}"
