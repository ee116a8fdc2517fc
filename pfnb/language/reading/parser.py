"""Parses a text into a checked pipeline: reports every error that can be found before a run, with its line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from pfnb.exceptions import PipelineSyntaxError, UnknownCommandError
from pfnb.language.case import Case
from pfnb.language.command import Command, CommandRegistry
from pfnb.language.deferred import BARE
from pfnb.language.lazy_map import LazyMap
from pfnb.language.pipeline import Options, Pipeline, Rules, Step
from pfnb.language.reading.blocks import build_blocks
from pfnb.language.reading.headers import headers_of
from pfnb.language.reading.inline import form_steps, is_uri, uri_steps
from pfnb.language.reading.job import COMMAND as JOB
from pfnb.language.reading.job import job_of
from pfnb.language.reading.listen import LISTENING, check_filter, listen_of, rules_of
from pfnb.language.reading.prefix import apply_prefix
from pfnb.language.reading.steps import Call, StepReader
from pfnb.language.reading.values import is_null, value_of
from pfnb.language.yaml import nodes
from pfnb.language.yaml.document import read_document
from pfnb.language.yaml.nodes import Node, Scalar, Sequence

MAX_STEPS = 2_000
"""Maximum number of steps in a text. Reading one takes a third of a millisecond."""
SECTIONS = ("headers", "vars", "pipeline", "body")
MAX_URI = 64 * 1024
MAX_INLINE = 8
"""How deep one-line pipelines may be nested, as values of each other's parameters."""
MAX_UNKNOWN = 20
"""How many unknown commands one error names."""


def parse_pipeline(text: str, registry: CommandRegistry, *, first_line: int = 1) -> Pipeline:
    """The pipeline in a YAML or JSON text, or in a URI such as `datetime?format=dd.MM.yyyy|log`.

    Checks the names of all commands and parameters, all literal values, the block structure and all expressions.
    Lines count from `first_line` (2 in a notebook cell whose magic is line 1). Raises PipelineSyntaxError,
    UnknownCommandError (which names all unknown commands), ParameterError and PelSyntaxError with line and column, and within a
    step with its number.
    """
    if len(text) <= MAX_URI and is_uri(text):
        above = text[: len(text) - len(text.lstrip())].count("\n")
        return parse_uri(text.strip(), registry, line=first_line + above)
    sections = _sections(read_document(text, first_line=first_line), first_line)
    apply_prefix(sections.get("headers"), list(sections.values()))
    headers, rules = headers_of(sections.get("headers"), text)
    reader = _reader(text, registry, rules)
    if "headers" in sections:
        reader.check_rollback(rules.on_error, sections["headers"])
    calls = _calls(_steps(sections), reader)
    listen = listen_of(calls)
    check_filter(listen, rules)
    return Pipeline(
        headers=headers,
        vars=_vars(sections.get("vars"), text),
        steps=build_blocks(calls),
        body=None if "body" not in sections else value_of(sections["body"], text),
        source=text,
        listen=listen,
        job=job_of(calls, rules),
        rules=rules_of(listen, rules),
    )


def parse_stored(text: str, registry: CommandRegistry) -> Pipeline:
    """The pipeline in a stored text. If all that it lacks is commands of PIPEFORCE that are not here, it has the error as its
    `obstacle`: so an app is stored as a whole, and the rest of it works. Raises all else that `parse_pipeline` does."""
    try:
        return parse_pipeline(text, registry)
    except UnknownCommandError as error:
        return replace(parse_pipeline(text, registry.for_checks()), obstacle=error.with_traceback(None))


def parse_uri(text: str, registry: CommandRegistry, *, line: int = 1, depth: int = 0) -> Pipeline:
    """The pipeline in a URI, nested in `depth` others. Raises as `parse_pipeline` does, with this line and columns of the
    decoded text."""
    if depth > MAX_INLINE:
        raise PipelineSyntaxError(f"one-line pipelines are nested more than {MAX_INLINE} deep")
    return _inline(text, *uri_steps(text, line), registry, depth)


def parse_form(text: str, registry: CommandRegistry) -> Pipeline:
    """The pipeline in a url-encoded text, `datetime=format:dd.MM.yyyy&log=level:WARN`. Raises as `parse_pipeline` does."""
    return _inline(text, *form_steps(text, registry), registry)


def _inline(text: str, decoded: str, nodes: list[Node], registry: CommandRegistry, depth: int = 0) -> Pipeline:
    if not nodes:
        raise PipelineSyntaxError("the text is empty: a pipeline in a line begins with a command", line=1, column=1)
    calls = _calls(nodes, _reader(decoded, registry, Rules(), depth))
    listen = listen_of(calls)
    return Pipeline(
        headers={},
        vars={},
        steps=build_blocks(calls),
        body=None,
        source=text,
        listen=listen,
        job=job_of(calls, Rules()),
        rules=rules_of(listen, Rules()),
    )


def _reader(source: str, registry: CommandRegistry, rules: Rules, depth: int = 0) -> StepReader:
    return StepReader(source, registry, rules, lambda text: parse_uri(text, registry, depth=depth + 1))


def _calls(nodes: list[Node], reader: StepReader) -> list[Call]:
    """The steps as calls. Unknown commands are reported all at once, so that the author can fix them together."""
    calls: list[Call] = []
    unknown: list[UnknownCommandError] = []
    for number, node in enumerate(nodes, 1):
        try:
            calls.append(reader.read(node, number))
        except UnknownCommandError as error:
            unknown.append(error)
            if len(unknown) == MAX_UNKNOWN:  # finding a suggestion takes a millisecond each
                break
    if unknown:
        first, *others = unknown
        first.message = "; ".join([first.message, *(f"{other.message} (line {other.line})" for other in others)])
        raise first
    return calls


def command_pipeline(name: str, parameters: Mapping[str, Any], registry: CommandRegistry) -> Pipeline:
    """A pipeline of one command, as the command API and the command line call it. The values are data: expressions in them are
    plain text, except in parameters that take expressions. Raises UnknownCommandError, ParameterError and PelSyntaxError."""
    command = registry.get(name)
    if not stands_alone(command):
        raise UnknownCommandError(f'"{name}" does nothing outside a pipeline')
    values = {command.parameters.name_of(spelling): value for spelling, value in parameters.items()}
    has_cases = Case in command.deferred.values()
    for key, value in values.items():
        if has_cases and key not in command.parameters.spellings:
            values[key] = replace(Case.given(key), value=value)
        elif command.deferred.get(key) is LazyMap:
            values[key] = LazyMap.of(value, BARE)
        elif (kind := command.deferred.get(key)) is not None and isinstance(value, str):
            values[key] = kind.given(value)
    command.parameters.check(values, ())
    spellings = {target: command.parameters.spelling_of(target) for target in values}
    step = Step(command, values, Options(), line=1, column=1, number=1, spellings=spellings)
    return Pipeline(headers={}, vars={}, steps=(step,), body=None, source="")


def stands_alone(command: Command) -> bool:
    """Whether a command does anything outside a pipeline."""
    return command.block is None and command.name not in (*LISTENING, JOB)


def _sections(root: Node | None, first_line: int) -> dict[str, Node]:
    if root is None or is_null(root):
        raise PipelineSyntaxError('the text is empty: a pipeline begins with "pipeline:"', line=first_line, column=1)
    if isinstance(root, Sequence):
        raise _wrong('put "pipeline:" in a line above this list', root)
    if isinstance(root, Scalar):
        raise _wrong('a pipeline begins with "pipeline:" and a list of steps below it', root)
    for key, _ in root.entries:
        if key.text not in SECTIONS:
            near = get_close_matches(key.text, SECTIONS, n=1)
            hint = f'did you mean "{near[0]}"?' if near else f"the sections are {', '.join(SECTIONS)}"
            raise _wrong(f'there is no section "{key.text}": {hint}', key)
    sections = {key.text: node for key, node in root.entries}
    if "pipeline" not in sections:
        raise _wrong('the section "pipeline" is missing', root)
    return sections


def _steps(sections: dict[str, Node]) -> list[Node]:
    node = sections["pipeline"]
    if not is_null(node) and isinstance(node, Scalar):
        raise _wrong('"pipeline" must be a list: begin each step with "- "', node)
    steps = _listed(node)
    if not steps:
        raise _wrong('"pipeline" has no steps: put "- command:" lines below it', node)
    if len(steps) > MAX_STEPS:
        raise _wrong(
            f"a pipeline may have at most {MAX_STEPS:,} steps: call other pipelines for parts of it", steps[MAX_STEPS]
        )
    return steps


def _listed(node: Node) -> list[Node]:
    """The steps of a list, or of a map from commands to their parameters, as older pipelines have it. A lone `-` is no step."""
    if isinstance(node, nodes.Mapping):
        return [nodes.Mapping(key.line, key.column, [(key, value)]) for key, value in node.entries]
    return [one for one in node.items if not is_null(one)] if isinstance(node, Sequence) else []


def _vars(node: Node | None, source: str) -> dict[str, Any]:
    if node is None or is_null(node):
        return {}
    if not isinstance(node, nodes.Mapping):
        raise _wrong("vars must be a map of names and values", node)
    return {key.text: value_of(value, source) for key, value in node.entries}


def _wrong(message: str, node: Node) -> PipelineSyntaxError:
    return PipelineSyntaxError(message, line=node.line, column=node.column)
