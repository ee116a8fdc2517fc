"""One entry of the `pipeline` list as a call of a command: names resolved, values compiled, literals validated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pfnb.exceptions import ParameterError, PfnbError, PipelineSyntaxError, UnknownCommandError
from pfnb.language import document
from pfnb.language.case import Case
from pfnb.language.command import Command, CommandRegistry, split_version
from pfnb.language.deferred import Deferred
from pfnb.language.document import Node, Scalar
from pfnb.language.formula import Formula
from pfnb.language.on_error import THROW
from pfnb.language.options import COMMON, OF_A_PART, common_name, options_of
from pfnb.language.pipeline import Options, Rules, Step
from pfnb.language.scope import formulas, may_block
from pfnb.language.values import deferred_of, formula_of, is_blank, is_null, value_of

_Own = dict[str, tuple[Scalar, Node]]
"""Parameters by the function's names: the name as written, and the value."""
_CHANGING = (dict, list, Deferred)
"""Arguments that are made anew for every run."""


@dataclass(frozen=True, slots=True)
class Call:
    """A step as written. `frame` is the name of a block's part or end (`if.else`, `if.end`), else None."""

    step: Step
    frame: str | None


class StepReader:
    """Reads the steps of one document."""

    def __init__(self, source: str, registry: CommandRegistry, rules: Rules) -> None:
        self.source = source
        self.registry = registry
        self.rules = rules

    def read(self, node: Node, number: int) -> Call:
        """The call in an entry of the list. Errors get the step's number."""
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
            command = self.registry.get(name.text, self.rules.version)
        except UnknownCommandError as error:
            error.line, error.column = name.line, name.column
            raise
        if command.block is not None and command.block.end is not None and _is_end(arguments):
            return self._frame(command.block.end, name, None, command, number)
        own, common = self._sorted(command, name, arguments)
        options = options_of(common, command, self.source, self.rules.on_error)
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
            may_block=may_block([*values.values(), *_formulas(options)]),
            ready=_ready(command, values, changing),
            changing={target: values[target] for target in changing},
            spellings={target: command.parameters.spelling_of(target) for target in values},
        )
        return Call(step, None)

    def _value(self, command: Command, target: str, key: Scalar, node: Node) -> Any:
        """A parameter's value, compiled as the command wants it."""
        if target not in command.parameters.spellings and Case in command.deferred.values():
            return Case(formula_of(key, self.source, command.name), value_of(node, self.source))
        kind = command.deferred.get(target)
        return value_of(node, self.source) if kind is None else deferred_of(kind, node, self.source, target)

    def _frame(self, plain: str, name: Scalar, arguments: Node | None, owner: Command, number: int) -> Call:
        """`if.else`, `if.end` and their like: no calls, but they may carry an `eval`."""
        common: dict[str, Node] = {}
        for key, value in _entries(arguments, name):
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
        if command.shorthand is not None and node is not None and not isinstance(node, document.Mapping):
            return {command.shorthand: (name, node)}, common
        for key, value in _entries(node, name):
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
    """The command's name and what is written behind it."""
    if isinstance(node, Scalar):
        if is_null(node):
            raise PipelineSyntaxError("this step is empty", line=node.line, column=node.column)
        return node, None
    if isinstance(node, document.Sequence):
        raise PipelineSyntaxError("a step is a command, not a list", line=node.line, column=node.column)
    if not node.entries:
        raise PipelineSyntaxError("this step is empty", line=node.line, column=node.column)
    name, arguments = node.entries[0]
    if len(node.entries) > 1:
        second = node.entries[1][0]
        if is_null(arguments):
            message = f'"{second.text}" stands beside "{name.text}": indent it further, if it is a parameter'
        else:
            message = f'a step has one command: begin "{second.text}" with a "- " of its own'
        raise PipelineSyntaxError(message, line=second.line, column=second.column)
    return name, None if is_null(arguments) else arguments


def _is_end(arguments: Node | None) -> bool:
    """`foreach: {end: }` is an older spelling of `foreach.end`."""
    return isinstance(arguments, document.Mapping) and [key.text for key, _ in arguments.entries] == ["end"]


def _entries(node: Node | None, name: Scalar) -> list[tuple[Scalar, Node]]:
    if node is None:
        return []
    if not isinstance(node, document.Mapping):
        message = f'{name.text} wants parameters with names, such as "- {name.text}: {{name: value}}"'
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
    """The arguments that are the same in every run, if nothing is left to validate in those that are not."""
    if not command.parameters.loose.issuperset(changing):
        return None
    arguments = command.parameters.validate({**values, **dict.fromkeys(changing)})
    ready = {key: value for key, value in arguments.items() if key not in changing}
    return None if any(isinstance(value, (dict, list, set)) for value in ready.values()) else ready


def _formulas(options: Options) -> list[Formula]:
    found = (options.condition, options.eval, options.input, options.output)
    return [formula for formula in found if isinstance(formula, Formula)]
