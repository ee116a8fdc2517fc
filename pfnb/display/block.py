"""The HTML building blocks of every display.

`element` writes every tag, and its content has the type `Html`. Only `visible.markup` turns foreign text into `Html`; it never
gets into an attribute. Foreign text is in `<code>` or `<pre>`, where front ends do not look for formulas to typeset.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pfnb.display.style import STYLE
from pfnb.display.visible import Html, markup

_TONES = {"succeeded": "good", "failed": "bad", "dead": "bad", "running": "busy", "pending": "wait"}
NOTHING = Html("")


class Budget:
    """Bytes of HTML that may still be written."""

    def __init__(self, size: int) -> None:
        self.left = size

    def spend(self, piece: Html) -> bool:
        """Deduct the bytes of `piece`; False, with nothing deducted, if too few are left."""
        size = len(piece.encode())
        if size > self.left:
            return False
        self.left -= size
        return True


def element(name: str, *content: Html, names: str = "", is_open: bool = False) -> Html:
    """One tag around `content`, with the classes `names` (our own, including the prefix)."""
    classes = f' class="{names}"' if names else ""
    return Html(f"<{name}{classes}{' open' if is_open else ''}>{''.join(content)}</{name}>")


def joined(pieces: Iterable[Html]) -> Html:
    """Pieces in a line, separated by spaces, so that they are apart even without the style sheet."""
    return Html(" ".join(pieces))


def block(*pieces: Html) -> Html:
    """A self-contained display. The classes `mathjax_ignore` and `tex2jax_ignore` keep MathJax 3 and 2 out of it."""
    return element("div", element("style", Html(STYLE)), *pieces, names="pfnb mathjax_ignore tex2jax_ignore")


def headline(name: Html, said: Html) -> Html:
    """The first line of a display: its name on the left, its state on the right."""
    return element("div", joined([element("span", name, names="pfnb-name"), said]), names="pfnb-top")


def words(text: str) -> Html:
    """Our own words and numbers."""
    return element("span", markup(text, one_line=True))


def code(text: str, name: str = "", *, one_line: bool = True) -> Html:
    """Foreign text, with the class `pfnb-<name>` if one is given."""
    return element("code", markup(text, one_line=one_line), names=f"pfnb-{name}" if name else "")


def hint(text: str) -> Html:
    """Our own words, dimmed."""
    return element("span", markup(text, one_line=True), names="pfnb-hint")


def status(word: str, tone_of: str | None = None) -> Html:
    """A coloured dot and `word`; the colour is that of the delivery status `tone_of` (`word` itself by default)."""
    tone = _TONES.get(tone_of or word)
    return element("span", markup(word, one_line=True), names=f"pfnb-status pfnb-{tone}" if tone else "pfnb-status")


def part(title: str, content: Html, *, note: str = "", is_open: bool = False) -> Html:
    """A foldable part of a display, with a title of our own."""
    head = joined([markup(title), hint(note)]) if note else markup(title)
    inside = element("div", content, names="pfnb-in")
    return element("details", element("summary", head), inside, names="pfnb-part", is_open=is_open)


def table(
    heads: Sequence[str], rows: Iterable[Sequence[Html]], *, total: int, budget: Budget, ends: Sequence[int] = ()
) -> Html:
    """A table, as long as the budget allows; `total` is how many rows there are, `ends` are the right-aligned columns."""
    head = _row("th", [markup(title) for title in heads], ends)
    body = list(_affordable((_row("td", row, ends) for row in rows), budget))
    return Html(element("table", element("thead", head), element("tbody", *body)) + more(total - len(body)))


def pairs(rows: Iterable[tuple[Html, Html]], *, total: int, budget: Budget) -> Html:
    """A table of names and values, without a head."""
    body = list(_affordable((_row("td", row, ()) for row in rows), budget))
    return Html(element("table", element("tbody", *body), names="pfnb-pairs") + more(total - len(body)))


def more(number: int, noun: str = "more") -> Html:
    """A note that a list was cut, such as `… 12 more`."""
    return element("div", markup(f"… {number:,} {noun}"), names="pfnb-more") if number > 0 else NOTHING


def _row(cell: str, content: Sequence[Html], ends: Sequence[int]) -> Html:
    cells = (element(cell, piece, names="pfnb-end" if index in ends else "") for index, piece in enumerate(content))
    return element("tr", *cells)


def _affordable(rows: Iterable[Html], budget: Budget) -> Iterable[Html]:
    for row in rows:
        if not budget.spend(row):
            return
        yield row
