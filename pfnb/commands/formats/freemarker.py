"""Translates the common part of FreeMarker's template language to Jinja, which is then rendered.

`${…}`, comments, `<#if>`, `<#elseif>`, `<#else>`, `<#list>` with `<#sep>` and ranges, `<#switch>`, `<#assign>`, and the built-ins
below.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pfnb.exceptions import ParameterError

_QUOTED = r"'(?:[^'\\]|\\.)*+'|\"(?:[^\"\\]|\\.)*+\""
_PART = re.compile(
    rf"<\#--.*?-->"
    rf"|\$\{{(?P<printed>(?:{_QUOTED}|[^}}'\"])*+)\}}"
    rf"|(?P<indent>^[ \t]*+)?<(?P<tag>/?\#\w++)(?P<rest>(?:{_QUOTED}|\((?:{_QUOTED}|[^()'\"])*+\)|[^>'\"(])*+)>"
    rf"(?P<newline>[ \t]*+\r?\n)?"
    r"|(?P<open><\#--|\$\{|</?\#\w++)",
    re.DOTALL | re.MULTILINE,
)
"""Linear: the first unclosed one ends the search, and possessive quantifiers (`*+`) do not backtrack. Else a text of many
unclosed ones would take quadratic time."""
_LIST = re.compile(r"(?P<items>.+)\sas\s+(?P<first>\w+)(?:\s*,\s*(?P<second>\w+))?", re.DOTALL)
_RANGE = re.compile(r"(?P<first>[^.].*?)\.\.(?P<open>[<!]?)(?P<last>[^.<!*].*)", re.DOTALL)
_ASSIGN = re.compile(r"(?P<name>\w+)\s*=(?!=)(?P<value>.+)", re.DOTALL)
_TOKEN = re.compile(
    rf"{_QUOTED}|\?\?|\?(?P<builtin>\w+)|(?P<default>(?<=[\w)\]])!(?!=)(?P<value>{_QUOTED}|[\w.]+)?)|!=|==|<=|>="
    r"|&&|\|\||[!=]|\b(?:gte|gt|lte|lt)\b"
)
_OPERATORS = {
    "??": " is defined", "&&": " and ", "||": " or ", "!": " not ", "=": "==", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=",
}  # fmt: skip
_BUILTINS = {
    "c": "", "cap_first": "|capitalize", "capitalize": "|title", "first": "|first", "has_content": "|default('')",
    "html": "|escape", "join": "|join", "keys": "|list", "last": "|last", "length": "|length", "lower_case": "|lower",
    "number": "|float", "replace": "|replace", "reverse": "|reverse|list", "size": "|length", "sort": "|sort",
    "string": "|string", "then": "|then", "trim": "|trim", "upper_case": "|upper", "url": "|urlencode",
}  # fmt: skip
_SIMPLE = {
    "#else": "else", "#sep": "if not loop.last", "/#if": "endif", "/#list": "endfor", "/#sep": "endif",
}  # fmt: skip


def to_jinja(source: str) -> str:
    """The template in Jinja, with the same lines. Raises ParameterError, with the line, for unsupported syntax."""
    return "".join(_translated(source))


def _translated(source: str) -> Iterator[str]:
    end, line = 0, 1
    around: list[_Around] = []
    for part in _PART.finditer(source):
        yield _plain(source[end : part.start()])
        line += source.count("\n", end, part.start())
        end = part.end()
        if part["open"] is not None:
            raise ParameterError(f"the template, line {line}: {part['open'][:60]} is not closed")
        if part["tag"] is not None:
            yield from _nested(part, line, around)
        elif part["printed"] is not None:
            yield f"{{{{ {_expression(part['printed'], line)} }}}}"
        else:
            yield "{{ '' }}" + "{# #}".replace(" ", "\n" * part[0].count("\n"))
        line += part[0].count("\n")
    yield _plain(source[end:])


@dataclass(slots=True)
class _Around:
    """A directive around a place. `is_open`: its separator is, or a case of it has ended by a break."""

    tag: str
    is_open: bool = False
    has_cases: bool = False


def _nested(part: re.Match[str], line: int, around: list[_Around]) -> Iterator[str]:
    """A directive, with what must end before it."""
    tag, rest = part["tag"], part["rest"].strip().removesuffix("/").strip()
    top = around[-1] if around else _Around("")
    if tag in ("#sep", "/#sep"):
        if top.tag != "#list" or top.is_open is (tag == "#sep"):
            raise ParameterError(f"the template, line {line}: <{tag}> is only directly within <#list>, once")
        top.is_open = tag == "#sep"
    if tag in ("#case", "#default", "#break", "/#switch"):
        yield from _part_of_switch(part, line, around, rest)
        return
    if tag in ("/#list", "/#if") and around and f"/{top.tag}" == tag:
        around.pop()
        if top.is_open:
            yield "{% endif %}"  # a separator reaches to the end of its list
    if tag in ("#list", "#if", "#switch"):
        around.append(_Around(tag))
    if tag == "#switch" and rest:
        # Nothing before the first case is printed.
        yield from _directive(part, f"set _switch_{len(around)} = {_expression(rest, line)} %}}{{% if false")
    else:
        yield from _directive(part, _statement(tag, rest, line))


def _part_of_switch(part: re.Match[str], line: int, around: list[_Around], rest: str) -> Iterator[str]:
    tag, top = part["tag"], around[-1] if around else _Around("")
    if top.tag != "#switch" or (tag == "#break" and (top.is_open or not top.has_cases)):
        raise ParameterError(
            f"the template, line {line}: <{tag}> is only directly within <#switch>, a break once in a case"
        )
    if tag in ("#case", "#default") and top.has_cases and not top.is_open:
        raise ParameterError(
            f"the template, line {line}: <{tag}> needs <#break> before it: cases do not run on into the next"
        )
    if tag == "#break":
        top.is_open = True
        yield from _directive(part, "if false")  # nothing between a break and the next case is printed
        return
    if top.is_open:
        yield "{% endif %}"
    top.is_open, top.has_cases = False, True
    if tag == "#case":
        yield from _directive(part, f"elif _switch_{len(around)} == ({_expression(rest, line)})")
    else:
        yield from _directive(part, "else" if tag == "#default" else "endif")
    if tag == "/#switch":
        around.pop()


def _directive(part: re.Match[str], inner: str) -> Iterator[str]:
    """A directive alone on its line leaves no empty line."""
    indent, newline = part["indent"] or "", part["newline"] or ""
    is_alone = part["indent"] is not None and part["newline"] is not None
    kept = "\n" * newline.count("\n") if is_alone else ""
    yield f"{'' if is_alone else indent}{{% {inner} {kept}%}}{'' if is_alone else newline}"


def _statement(tag: str, rest: str, line: int) -> str:
    listed = _LIST.fullmatch(rest) if tag == "#list" else None
    assigned = _ASSIGN.fullmatch(rest) if tag == "#assign" else None
    if tag in ("#if", "#elseif") and rest:
        return f"{'if' if tag == '#if' else 'elif'} {_expression(rest, line)}"
    if listed is not None and listed["second"] is not None:
        return f"for {listed['first']}, {listed['second']} in ({_expression(listed['items'], line)})|items"
    if listed is not None:
        return f"for {listed['first']} in {_items(listed['items'], line)}"
    if assigned is not None:
        return f"set {assigned['name']} = {_expression(assigned['value'], line)}"
    if tag in _SIMPLE and not rest:
        return _SIMPLE[tag]
    raise ParameterError(f"the template, line {line}: <{tag}{' ' if rest else ''}{rest[:60]}> is not supported")


def _items(text: str, line: int) -> str:
    """A list, or a range: `1..3` includes its end and may count down, `0..<n` excludes it."""
    found = _RANGE.fullmatch(text.strip())
    if found is None or re.search(_QUOTED, text):
        return _expression(text, line)
    first, last = (f"({_expression(found[name], line)})" for name in ("first", "last"))
    if found["open"]:
        return f"(range({first}, {last}) if {first} <= {last} else range({first}, {last}, -1))"
    return f"(range({first}, {last} + 1) if {first} <= {last} else range({first}, {last} - 1, -1))"


def _expression(text: str, line: int) -> str:
    def word(found: re.Match[str]) -> str:
        if found["builtin"] is not None:
            if found["builtin"] not in _BUILTINS:
                raise ParameterError(f"the template, line {line}: ?{found['builtin']} is not supported")
            return _BUILTINS[found["builtin"]]
        if found["default"] is not None:
            return f"|default({found['value'] or repr('')})"
        return _OPERATORS.get(found[0], found[0])

    return _TOKEN.sub(word, text).strip()


def _plain(text: str) -> str:
    """Escape text so that Jinja finds no syntax in it."""
    return text.replace("{", "{{ '{' }}")
