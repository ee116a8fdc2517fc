"""One entry of the `pipeline` list as a call of a command: names resolved, values compiled, literals validated."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pfnb.exceptions import ParameterError, PfnbError, PipelineSyntaxError, UnknownCommandError
from pfnb.language.case import Case
from pfnb.language.command import Command, CommandRegistry, split_version
from pfnb.language.deferred import Deferred
from pfnb.language.lazy_map import LazyMap
from pfnb.language.on_error import THROW, OnError
from pfnb.language.pipeline import Pipeline, Rules, Step
from pfnb.language.place import at, place_of
from pfnb.language.reading.options import COMMON, OF_A_PART, common_name, options_of
from pfnb.language.reading.reference import PipelineReference, check_computed, reference_of
from pfnb.language.reading.values import data_of, deferred_of, formula_of, is_blank, is_null, value_of
from pfnb.language.scope import formulas, may_block
from pfnb.language.yaml import nodes
from pfnb.language.yaml.nodes import Node, Scalar

Inline = Callable[[str], Pipeline]
"""Reads a one-line pipeline, such as `datetime|log`."""
_Own = dict[str, tuple[Scalar, Node]]
"""Parameters by the function's parameter names: the name as written, and the value."""
FUNCTION = "function.run"
"""The command that runs stored functions."""
STORED = r"[a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)*:[a-zA-Z0-9_-]+([./][a-zA-Z0-9_-]+)*:[a-zA-Z_][a-zA-Z0-9_]*"
"""A stored function as a step, `app:script:function`."""
_CHANGING = (dict, list, Deferred)
"""Arguments that are created anew for every run."""


@dataclass(frozen=True, slots=True)
class Call:
    """A step as written. `frame` is the name of a block's part or end (`if.else`, `if.end`), else None."""

    step: Step
    frame: str | None


class StepReader:
    """Reads the steps of one document. `inline` reads the one-line pipelines in it."""

    def __init__(self, source: str, registry: CommandRegistry, rules: Rules, inline: Inline) -> None:
        self.source = source
        self.registry = registry
        self.rules = rules
        self.inline = inline

    def read(self, node: Node, number: int) -> Call:
        """Read an entry of the list as a call. Errors get the step's number."""
        try:
            name, arguments = _written(node)
            plain, _ = split_version(name.text)
            owner = self.registry.block_of(plain)
            if owner is not None and plain not in self.registry:
                return self._frame(plain, name, arguments, owner, number)
            return self._call(name, arguments, number)
        except PfnbError as error:
            error.step = number
            raise

    def _call(self, name: Scalar, arguments: Node | None, number: int) -> Call:
        try:
            if re.fullmatch(STORED, name.text) and FUNCTION in self.registry and name.text not in self.registry:
                name, arguments = _stored(name, arguments)
            command = self.registry.get(name.text, self.rules.version)
        except UnknownCommandError as error:
            error.line, error.column = name.line, name.column
            raise
        if command.block is not None and command.block.end is not None and _is_end(arguments):
            return self._frame(command.block.end, name, None, command, number)
        own, common = self._sorted(command, name, arguments)
        options = options_of(common, command, self.source, self.rules.on_error)
        if "onError" in common:
            self.check_rollback(options.on_error, common["onError"])
        values = {
            target: self._value(command, target, key, node)
            for target, (key, node) in own.items()
            if target not in command.deferred or not is_blank(node)
        }
        places = {target: (node.line, node.column) for target, (_, node) in own.items()}
        pending = {target for target, value in values.items() if formulas(value)}
        _check(command, values, pending, places, name)
        changing = [key for key, value in values.items() if key in pending or isinstance(value, _CHANGING)]
        step = Step(
            command=command,
            arguments=values,
            options=options,
            line=name.line,
            column=name.column,
            number=number,
            places=places,
            may_block=may_block(list(values.values())),
            ready=_ready(command, values, changing),
            changing={target: values[target] for target in changing},
            spellings={target: command.parameters.spelling_of(target) for target in values},
            computed=frozenset(pending),
        )
        return Call(step, None)

    def _value(self, command: Command, target: str, key: Scalar, node: Node) -> Any:
        """A parameter's value, compiled as the command expects it."""
        if target not in command.parameters.spellings and Case in command.deferred.values():
            return Case(formula_of(key, self.source, command.name), value_of(node, self.source))
        kind = command.deferred.get(target)
        if kind is None:
            is_data = target in command.parameters.loose
            return data_of(node, self.source) if is_data else value_of(node, self.source)
        if kind is LazyMap:
            return LazyMap.of(value_of(node, self.source), at(node))
        value = deferred_of(kind, node, self.source, target)
        return self._with_pipeline(value, node) if isinstance(value, PipelineReference) else value

    def _with_pipeline(self, given: PipelineReference, node: Node) -> PipelineReference:
        """Add the one-line pipeline to a reference that has one. Errors get their place in this document."""
        text = None
        try:
            check_computed(given)
            text = reference_of(given, self.registry).uri if given.is_literal else None
            return given if text is None else replace(given, pipeline=self.inline(text))
        except PfnbError as error:
            exact = isinstance(node, Scalar) and text is not None and "%" not in text  # percent-encoding shifts columns
            if isinstance(node, Scalar) and exact and error.column is not None:
                begin = len(given.text.rstrip()) - len(text or "")
                error.line, error.column = place_of(node, self.source).locate(begin + error.column - 1)
            else:
                error.line, error.column = node.line, node.column
            raise

    def check_rollback(self, on_error: OnError, node: Node) -> None:
        """Refuse a ROLLBACK to an invalid one-line pipeline, at the node of its `onError`."""
        for wanted in filter(None, (on_error, on_error.then)):
            if wanted.pipeline is not None:
                self._with_pipeline(PipelineReference.literal(wanted.pipeline), node)

    def _frame(self, plain: str, name: Scalar, arguments: Node | None, owner: Command, number: int) -> Call:
        """Read `if.else`, `if.end` and the like: they are not calls, but may have an `eval`."""
        common: dict[str, Node] = {}
        for key, value in _entries(arguments, name, "eval"):
            option = common_name(key.text)
            if option not in OF_A_PART:
                message = f'{name.text} has no parameter "{key.text}": it has {" and ".join(OF_A_PART)}'
                raise ParameterError(message, line=key.line, column=key.column)
            common[option] = value
        options = options_of(common, owner, self.source, THROW)
        assert owner.block is not None
        frame = owner.block.aliases.get(plain, plain)
        return Call(Step(owner, {}, options, name.line, name.column, number), frame)

    def _sorted(self, command: Command, name: Scalar, node: Node | None) -> tuple[_Own, dict[str, Node]]:
        """The command's own parameters, with their names as written, and the common ones; the command's own names win."""
        own: _Own = {}
        common: dict[str, Node] = {}
        if command.shorthand is not None and node is not None and not isinstance(node, nodes.Mapping):
            return {command.shorthand: (name, node)}, common
        for key, value in _entries(node, name, next(iter(command.parameters.names()), "name")):
            option = common_name(key.text)
            if option is not None and key.text not in command.parameters.spellings:
                target, given = option, option in common
                common[target] = value
            else:
                target = _parameter(command, key)
                given = target in own
                own[target] = (key, value)
            if given:
                raise ParameterError(f'"{key.text}" is given twice', line=key.line, column=key.column)
        return own, common


def _written(node: Node) -> tuple[Scalar, Node | None]:
    """The command's name and what follows it."""
    if isinstance(node, Scalar):
        if is_null(node):
            raise PipelineSyntaxError("this step is empty", line=node.line, column=node.column)
        return node, None
    if isinstance(node, nodes.Sequence):
        raise PipelineSyntaxError("a step is a command, not a list", line=node.line, column=node.column)
    if not node.entries:
        raise PipelineSyntaxError("this step is empty", line=node.line, column=node.column)
    name, arguments = node.entries[0]
    if len(node.entries) > 1:
        second = node.entries[1][0]
        if is_null(arguments):
            message = f'"{second.text}" is on the same level as "{name.text}": indent it further if it is a parameter'
        else:
            message = f'a step has one command: begin "{second.text}" with its own "- "'
        raise PipelineSyntaxError(message, line=second.line, column=second.column)
    return name, None if is_null(arguments) else arguments


def _stored(name: Scalar, arguments: Node | None) -> tuple[Scalar, Node]:
    """A stored function as a step (`app:script:function`): the command that runs it, with the function's own parameters as
    `args`."""
    entries = _entries(arguments, name, "name")
    common = [entry for entry in entries if common_name(entry[0].text) is not None]
    own = [entry for entry in entries if common_name(entry[0].text) is None]
    given = nodes.Mapping(name.line, name.column, own)
    named: list[tuple[Scalar, Node]] = [(replace(name, text="name"), replace(name, style="'", marks=""))]
    return replace(name, text=FUNCTION), nodes.Mapping(
        name.line, name.column, [*named, (replace(name, text="args"), given), *common]
    )


def _is_end(arguments: Node | None) -> bool:
    """`foreach: {end: }` is an older spelling of `foreach.end`."""
    return isinstance(arguments, nodes.Mapping) and [key.text for key, _ in arguments.entries] == ["end"]


def _entries(node: Node | None, name: Scalar, example: str) -> list[tuple[Scalar, Node]]:
    if node is None:
        return []
    if not isinstance(node, nodes.Mapping):
        message = f'{name.text} needs parameters with names, such as "- {name.text}: {{{example}: value}}"'
        raise ParameterError(message, line=node.line, column=node.column)
    return node.entries


def _parameter(command: Command, key: Scalar) -> str:
    try:
        return command.parameters.name_of(key.text, also=COMMON)
    except ParameterError as error:
        error.line, error.column = key.line, key.column
        raise


def _check(
    command: Command,
    values: Mapping[str, Any],
    pending: set[str],
    places: Mapping[str, tuple[int, int]],
    name: Scalar,
) -> None:
    try:
        command.parameters.check({key: value for key, value in values.items() if key not in pending}, pending)
    except ParameterError as error:
        error.line, error.column = places.get(error.parameter or "", (name.line, name.column))
        raise


def _ready(command: Command, values: Mapping[str, Any], changing: list[str]) -> Mapping[str, Any] | None:
    """The arguments that are the same in every run; None if any other still needs validation."""
    if not command.parameters.loose.issuperset(changing):
        return None
    arguments = command.parameters.validate({**values, **dict.fromkeys(changing)})
    ready = {key: value for key, value in arguments.items() if key not in changing}
    return None if any(isinstance(value, (dict, list, set)) for value in ready.values()) else ready
