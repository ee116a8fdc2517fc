"""Reads an expression into nodes: a Pratt parser over Spring's grammar, with its oddities of precedence.

The oddities: signs and `not` bind tighter than `^`, comparisons and `^` do not chain, and the right side of `=` includes `?:`
and `? :` only in parentheses.
"""

from __future__ import annotations

from pfnb.exceptions import PelSyntaxError
from pfnb.language.pel.errors import syntax_error
from pfnb.language.pel.limits import MAX_DEPTH, MAX_EXPRESSION, WORD_COST
from pfnb.language.pel.literals import number_value, text_value
from pfnb.language.pel.methods import METHODS_THAT_BLOCK, METHODS_THAT_CHANGE
from pfnb.language.pel.nodes import (
    Arithmetic,
    Assignment,
    Call,
    Elvis,
    FunctionObject,
    Increment,
    Index,
    ListLiteral,
    Literal,
    Logic,
    MapLiteral,
    Node,
    Path,
    Projection,
    Property,
    Relation,
    Selection,
    Sign,
    Step,
    Ternary,
    Variable,
)
from pfnb.language.pel.tokens import tokenize

_OR, _AND, _RELATION, _SUM, _PRODUCT, _POWER = range(1, 7)
_HIGHEST = _POWER + 1

_SYMBOLS = {
    "||": (_OR, "or"),
    "&&": (_AND, "and"),
    **{symbol: (_RELATION, symbol) for symbol in ("==", "!=", "<", "<=", ">", ">=")},
    "+": (_SUM, "+"),
    "-": (_SUM, "-"),
    "*": (_PRODUCT, "*"),
    "/": (_PRODUCT, "/"),
    "%": (_PRODUCT, "%"),
    "^": (_POWER, "^"),
}
_WORDS = {
    "or": (_OR, "or"),
    "and": (_AND, "and"),
    "eq": (_RELATION, "=="),
    "ne": (_RELATION, "!="),
    "lt": (_RELATION, "<"),
    "le": (_RELATION, "<="),
    "gt": (_RELATION, ">"),
    "ge": (_RELATION, ">="),
    "matches": (_RELATION, "matches"),
    "between": (_RELATION, "between"),
    "instanceof": (_RELATION, "instanceof"),
    "div": (_PRODUCT, "/"),
    "mod": (_PRODUCT, "%"),
}
_CONSTANTS = {"true": True, "false": False, "null": None}
_SELECTIONS = frozenset({"?[", "^[", "$["})
_OPENINGS_OF_STEPS = frozenset({"[", "![", *_SELECTIONS})


class Parser:
    """Parses `text[start:stop]`. `nested` allows `#{…}` and `${…}` as operands, which templates do.

    After `parse`, `may_block` says that evaluation may take long and belongs in a thread from the start: it matches regular
    expressions, calls a function object, or has side effects before its end. Any other may start on the loop and, since it has
    no side effects until it ends, restart in a thread. `changes` counts the possible side effects, and `weight` is the cost of
    one evaluation, without the data.
    """

    __slots__ = (
        "_at", "_depth", "_index", "_kind", "_nested", "_text", "_tokens", "_word", "changes", "may_block", "weight",
    )  # fmt: skip

    def __init__(self, text: str, start: int, stop: int, *, nested: bool = False) -> None:
        if stop - start > MAX_EXPRESSION:
            raise syntax_error(f"an expression may have at most {MAX_EXPRESSION:,} characters", text, start)
        self._text = text
        self._tokens = tokenize(text, start, stop)
        self._nested = nested
        self._depth = 0
        self._index = 0
        self._kind, self._word, self._at = self._tokens[0]
        self.may_block = False
        self.changes = 0
        self.weight = len(self._tokens)

    def parse(self) -> Node:
        """The node of the whole text. Raises PelSyntaxError at the first invalid token."""
        try:
            node = self._expression()
        except RecursionError:
            raise self._too_deep() from None
        if self._kind != "end":
            raise self._error(self._leftover())
        if self.changes > _changes_at_its_end(node):
            self.may_block = True
        return node

    def _advance(self) -> None:
        self._index += 1
        self._kind, self._word, self._at = self._tokens[self._index]

    def _expect(self, kind: str, message: str) -> None:
        if self._kind != kind:
            raise self._error(f"{message}, not {self._found()}")
        self._advance()

    def _found(self) -> str:
        return "the end" if self._kind == "end" else f"'{self._word[:40]}'"

    def _error(self, message: str) -> PelSyntaxError:
        return syntax_error(message, self._text, self._at)

    def _too_deep(self) -> PelSyntaxError:
        return self._error(f"the expression is nested more than {MAX_DEPTH} deep")

    def _leftover(self) -> str:
        if self._kind in ("?:", "?", "="):
            return f"'{self._kind}' cannot follow an assigned value: put that value in parentheses"
        found = self._operator()
        if found and found[0] == _RELATION:
            return "comparisons do not chain: join two of them with 'and'"
        if found and found[0] == _POWER:
            return "'^' does not chain: put one of the powers in parentheses"
        return f"the expression should end before {self._found()}, or an operator is missing here"

    def _expression(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._too_deep()
        options = [self._operation(0)]
        while self._kind == "?:":
            self._advance()
            options.append(self._operation(0))
        if self._kind == "?":
            options[-1] = self._ternary(options[-1])
        elif self._kind == "=":
            at = self._at
            self._advance()
            self.changes += 1
            options[-1] = Assignment(options[-1], self._operation(0), at)
        self._depth -= 1
        return options[0] if len(options) == 1 else Elvis(tuple(options))

    def _ternary(self, condition: Node) -> Node:
        at = self._at
        self._advance()
        yes = self._expression()
        self._expect(":", "a condition 'a ? b : c' needs ':' here")
        return Ternary(condition, yes, self._expression(), at)

    def _operator(self) -> tuple[int, str] | None:
        """Level and canonical spelling, if the current token is a binary operator."""
        return _SYMBOLS.get(self._kind) or (_WORDS.get(self._word.lower()) if self._kind == "name" else None)

    def _operation(self, above: int) -> Node:
        """An operand and the operators after it that bind tighter than `above`."""
        left = self._operand()
        below = _HIGHEST
        if self._kind in ("++", "--") and above < _POWER:
            left = Increment(left, 1 if self._kind == "++" else -1, False, self._at)
            self.changes += 1
            self._advance()
            below = _POWER
        while True:
            found = self._operator()
            if found is None or not above < found[0] < below:
                return left
            below, operator = found
            if below in (_SUM, _PRODUCT):
                left = self._arithmetic(left, below)
            elif below in (_OR, _AND):
                left = self._logic(left, below)
            else:
                at = self._at
                self._advance()
                right = self._operation(below)
                if below == _POWER:
                    left = Arithmetic(left, ((operator, right, at),))
                else:
                    self.may_block = self.may_block or operator == "matches"
                    left = Relation(operator, left, right, at)

    def _arithmetic(self, first: Node, level: int) -> Node:
        rest: list[tuple[str, Node, int]] = []
        while True:
            found = self._operator()
            if found is None or found[0] != level:
                return Arithmetic(first, tuple(rest))
            at = self._at
            self._advance()
            rest.append((found[1], self._operation(level), at))

    def _logic(self, first: Node, level: int) -> Node:
        operands = [(first, self._at)]
        while True:
            found = self._operator()
            if found is None or found[0] != level:
                return Logic(level == _OR, tuple(operands))
            at = self._at
            self._advance()
            operands.append((self._operation(level), at))

    def _operand(self) -> Node:
        kind = self._kind
        if kind in ("+", "-", "!", "++", "--") or (kind == "name" and self._word.lower() == "not"):
            return self._signed()
        start: Node | None = None
        steps: list[Step] = []
        if kind == "name":
            start = self._named(steps)
        elif kind in _OPENINGS_OF_STEPS:
            steps.append(self._bracketed(False))
        else:
            start = self._start()
        while True:
            kind = self._kind
            if kind in (".", "?."):
                self._advance()
                steps.append(self._dotted(kind == "?."))
            elif kind == "[":
                steps.append(self._bracketed(False))
            elif start is not None and not steps:
                return start
            else:
                return Path(start, tuple(steps))

    def _signed(self) -> Node:
        kind, at = self._kind, self._at
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._too_deep()
        self._advance()
        operand = self._operand()
        self._depth -= 1
        if kind in ("++", "--"):
            self.changes += 1
            return Increment(operand, 1 if kind == "++" else -1, True, at)
        return Sign("!" if kind == "name" else kind, operand, at)

    def _named(self, steps: list[Step]) -> Node | None:
        """Parse what begins with a name: a constant, or a property or method of `#this`, added to the steps."""
        word, at = self._word, self._at
        lowered = word.lower()
        self._advance()
        if lowered in _CONSTANTS:
            return Literal(_CONSTANTS[lowered])
        if word == "T" and self._kind == "(":
            raise syntax_error("types, such as T(…), are not part of this language", self._text, at)
        if lowered == "new" and self._kind != "]":
            raise syntax_error("'new' is not part of this language; a key of that name is ['new']", self._text, at)
        steps.append(self._member(word, False, at))
        return None

    def _member(self, name: str, safe: bool, at: int) -> Step:
        if self._kind != "(":
            return Property(name, safe, at)
        if name in METHODS_THAT_BLOCK:
            self.may_block = True
        self.changes += name in METHODS_THAT_CHANGE
        return Call(name, self._arguments(), safe, at)

    def _dotted(self, safe: bool) -> Step:
        word, at = self._word, self._at
        if self._kind == "name":
            self._advance()
            return self._member(word, safe, at)
        if self._kind in _OPENINGS_OF_STEPS and (safe or self._kind != "["):
            return self._bracketed(safe)
        if self._kind in ("?", "!") and self._tokens[self._index + 1][0] == "[":
            raise self._error(f"remove the space between '{self._kind}' and '['")
        options = (
            "a name, a method, […], ?[…] or ![…] should follow '?.'"
            if safe
            else "a name, a method, ?[…] or ![…] should follow '.'"
        )
        raise self._error(f"{options}, not {self._found()}")

    def _bracketed(self, safe: bool) -> Step:
        kind, at, begin = self._kind, self._at, self._index
        self._advance()
        inner = self._expression()
        weight = (self._index - begin) * WORD_COST
        self._expect("]", f"'{kind}' needs its closing ']' here")
        if kind == "[":
            return Index(inner, safe, at)
        return Projection(inner, safe, at, weight) if kind == "![" else Selection(kind[0], inner, safe, at, weight)

    def _arguments(self) -> tuple[Node, ...]:
        self._advance()
        arguments = []
        while self._kind != ")":
            arguments.append(self._expression())
            if self._kind != ",":
                break
            self._advance()
        self._expect(")", "the arguments need ',' or ')' here")
        return tuple(arguments)

    def _start(self) -> Node:
        kind, word, at = self._kind, self._word, self._at
        if kind in ("#{", "${"):
            return self._inner_template()
        if kind == "end":
            raise self._error("the expression is empty" if self._index == 0 else "a value is missing at the end")
        if kind not in ("text", "number", "(", "{", "#", "@"):
            raise self._error(f"a value is missing before '{word}'")
        self._advance()
        if kind == "text":
            return Literal(text_value(word))
        if kind == "number":
            return Literal(number_value(word, self._text, at))
        if kind == "(":
            inner = self._expression()
            self._expect(")", "'(' needs its closing ')' here")
            return inner
        return self._braced() if kind == "{" else self._referred(kind, at)

    def _inner_template(self) -> Node:
        if not self._nested:
            raise self._error(f"an expression by itself is written without {self._kind}…}}")
        opening = self._kind
        self._advance()
        inner = self._expression()
        self._expect("}", f"'{opening}' needs its closing '}}' here")
        return inner

    def _referred(self, kind: str, at: int) -> Node:
        """`#variable` or `@function object`; the latter's name may be a quoted text, as it may contain dots."""
        word = self._word
        if self._kind == "text" and kind == "@":
            word = text_value(word)
        elif self._kind != "name":
            raise self._error(f"a name should follow '{kind}', not {self._found()}")
        self._advance()
        if kind == "@":
            self.may_block = True
            return FunctionObject(word, at)
        if self._kind == "(":
            return Path(Variable(word, at), (Call(word, self._arguments(), False, at),))
        return Variable(word, at)

    def _braced(self) -> Node:
        if self._kind == "}":
            self._advance()
            return ListLiteral(())
        if self._kind == ":":
            self._advance()
            self._expect("}", "an empty map is written {:}")
            return MapLiteral(())
        first = self._expression()
        if self._kind == ":":
            return self._map(first)
        items = [first]
        while self._kind == ",":
            self._advance()
            items.append(self._expression())
        self._expect("}", "a list needs ',' or '}' here")
        return ListLiteral(tuple(items))

    def _map(self, key: Node) -> Node:
        self._advance()
        entries = [(key, self._expression())]
        while self._kind == ",":
            self._advance()
            key = self._expression()
            self._expect(":", "a map needs ':' after a key")
            entries.append((key, self._expression()))
        self._expect("}", "a map needs ',' or '}' here")
        return MapLiteral(tuple(entries))


def _changes_at_its_end(node: Node) -> int:
    """1 if the node's last action is a change."""
    last = node.steps[-1] if isinstance(node, Path) and node.steps else None
    return isinstance(node, Assignment | Increment) or (isinstance(last, Call) and last.name in METHODS_THAT_CHANGE)
