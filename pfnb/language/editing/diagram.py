"""A pipeline as a picture: a Mermaid flowchart, or a plain-text tree where Mermaid is not available."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pfnb.language.case import Case
from pfnb.language.command import BlockDeclaration, When
from pfnb.language.deferred import Deferred
from pfnb.language.formula import Formula
from pfnb.language.pipeline import Block, Part, Pipeline, Step

MAX_STEPS = 150
"""How many steps are drawn; a larger picture is unreadable, and Mermaid refuses one with 500 edges."""
MAX_LABEL = 60

Mask = Callable[[str], str]
"""Takes the secrets out of a text before it is shown."""

_PLAIN = frozenset(" _.,=/()…-–→")


@dataclass(frozen=True, slots=True)
class _Edge:
    """An arrow whose target is not known yet."""

    source: str
    label: str = ""


def flowchart(pipeline: Pipeline, *, mask: Mask = str) -> str:
    """The pipeline as Mermaid text. The author's texts appear in labels only, fully escaped."""
    return _Chart(mask).draw(pipeline)


def tree(pipeline: Pipeline, *, mask: Mask = str) -> str:
    """The pipeline as lines of text, blocks indented."""
    return "\n".join([_begin(pipeline, mask), *_branches(_steps(pipeline), "", mask)])


class _Chart:
    def __init__(self, mask: Mask) -> None:
        self.mask = mask
        self.lines = ["flowchart TD"]
        self.nodes = 0
        self.left = MAX_STEPS

    def draw(self, pipeline: Pipeline) -> str:
        begin = self.node("([", [_begin(pipeline, self.mask)], "])")
        ends = self.chain(_steps(pipeline), [_Edge(begin)])
        self.connect(ends, self.node("([", ["end"], "])"))
        return "\n".join(self.lines)

    def chain(self, items: Sequence[Step | Block], edges: list[_Edge]) -> list[_Edge]:
        """Draw steps one after the other; returns the edges that leave them."""
        for at, item in enumerate(items):
            if self.left <= 0:
                more = self.node("[", [f"… {len(items) - at} more"], "]")
                self.connect(edges, more)
                return [_Edge(more)]
            self.left -= 1
            edges = self.item(item, edges)
        return edges

    def item(self, item: Step | Block, edges: list[_Edge]) -> list[_Edge]:
        step = item.step if isinstance(item, Block) else item
        if step.options.condition is True:
            return self.called(item, step, edges)
        asked = self.node("{{", [self.label(f"if {_shown(step.options.condition)}")], "}}")
        self.connect(edges, asked)
        return [*self.called(item, step, [_Edge(asked, "yes")]), _Edge(asked, "no")]

    def called(self, item: Step | Block, step: Step, edges: list[_Edge]) -> list[_Edge]:
        words = [self.label(text) for text in (step.command.name, _details(step)) if text]
        if isinstance(item, Block) and step.command.block is not None:
            return self.block(item, step.command.block, words, edges)
        node = self.node("[", words, "]")
        self.connect(edges, node)
        return [_Edge(node)]

    def block(self, block: Block, declared: BlockDeclaration, words: list[str], edges: list[_Edge]) -> list[_Edge]:
        node = self.node("[[" if declared.repeats else "{{", words, "]]" if declared.repeats else "}}")
        if declared.when is When.AFTER_ERROR:
            self.connect([_Edge(edge.source, "after an error") for edge in edges], node)
            dropped = self.chain(block.parts[0].steps, [_Edge(node)])
            return [*edges, *(_Edge(edge.source, "error dropped") for edge in dropped)]
        self.connect(edges, node)
        if declared.when is When.ALWAYS:
            return self.chain(block.parts[0].steps, [_Edge(node)])
        if declared.repeats:
            self.connect(self.chain(block.parts[0].steps, [_Edge(node, "each")]), node)
            return [_Edge(node, "done")]
        ends = [edge for part in block.parts for edge in self.part(part, block.step, node)]
        return ends if len(block.parts) > 1 else [*ends, _Edge(node, "else")]

    def part(self, part: Part, step: Step, node: str) -> list[_Edge]:
        name = "then" if part.name == step.command.name else part.name.removeprefix(f"{step.command.name}.")
        return self.chain(part.steps, [_Edge(node, self.label(name))])

    def node(self, opening: str, words: list[str], closing: str) -> str:
        self.nodes += 1
        text = "<br/>".join(_escaped(word) for word in words)
        self.lines.append(f'    n{self.nodes}{opening}"{text}"{closing}')
        return f"n{self.nodes}"

    def connect(self, edges: list[_Edge], target: str) -> None:
        for edge in edges:
            label = f'|"{_escaped(edge.label)}"|' if edge.label else ""
            self.lines.append(f"    {edge.source} -->{label} {target}")

    def label(self, text: str) -> str:
        return _short(self.mask(text))


def _branches(items: Sequence[Step | Block], indent: str, mask: Mask) -> Iterator[str]:
    for at, item in enumerate(items):
        last = at == len(items) - 1
        step = item.step if isinstance(item, Block) else item
        yield f"{indent}{'└─' if last else '├─'} {_line(step, mask)}"
        if isinstance(item, Block):
            inner = f"{indent}{'   ' if last else '│  '}"
            first, *others = item.parts
            yield from _branches(first.steps, inner, mask)
            for part in others:
                yield f"{inner}{part.name}"
                yield from _branches(part.steps, inner, mask)


def _line(step: Step, mask: Mask) -> str:
    words = [step.command.name, _details(step)]
    if step.options.condition is not True:
        words.append(f"[if {_shown(step.options.condition)}]")
    return _short(mask("  ".join(filter(None, words))), 2 * MAX_LABEL)


def _steps(pipeline: Pipeline) -> Sequence[Step | Block]:
    """Without the leading event.listen, which the picture begins with."""
    return pipeline.steps if pipeline.listen is None else pipeline.steps[1:]


def _begin(pipeline: Pipeline, mask: Mask) -> str:
    if pipeline.listen is None:
        return "start"
    condition = "" if pipeline.listen.filter is None else f"  [if {pipeline.listen.filter.text}]"
    return _short(mask(f"event {pipeline.listen.event_key}{condition}"), 2 * MAX_LABEL)


def _details(step: Step) -> str:
    """The step's parameters, and where its result goes."""
    command = step.command
    words = [
        _shown(value) if name == command.shorthand else f"{command.parameters.spelling_of(name)}: {_shown(value)}"
        for name, value in step.arguments.items()
    ]
    if step.options.output is not None:
        words.append(f"→ {step.options.output.text}")
    return ", ".join(words)


def _shown(value: Any) -> str:
    return (
        _written(value)
        if isinstance(value, str | Formula | Deferred)
        else json.dumps(value, ensure_ascii=False, default=_written)
    )


def _written(value: Any) -> str:
    if isinstance(value, Case):  # its condition is the parameter's name
        return _shown(value.value)
    return value.text if isinstance(value, Formula) else str(value)


def _short(text: str, length: int = MAX_LABEL) -> str:
    text = " ".join(text.split())
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _escaped(text: str) -> str:
    """Escape every character that is special in Mermaid or HTML as its code."""
    return "".join(each if each.isalnum() or each in _PLAIN else f"#{ord(each)};" for each in text)
