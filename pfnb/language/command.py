"""Commands, and their registry.

A built-in command, a user's own and a third party's are declared alike: a function under a registry's `@command("name")`, whose
signature is the single source for validation, help and schema. Which commands are built in, the language does not know.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from pfnb.exceptions import NameTakenError, ParameterError, UnknownCommandError
from pfnb.language.declaration import Documentation, command_documentation
from pfnb.language.deferred import Deferred, deferred_kind

GIVEN = frozenset({"body", "event", "vars", "headers", "context", "block"})
"""Names that the runner fills in; every other name in the function's signature is a parameter of the command."""


class _Null:
    """The type of NULL."""

    def __repr__(self) -> str:
        return "NULL"


NULL: Final = _Null()
"""A command returns this to make the body null, since None keeps the body."""


def as_result(value: Any) -> Any:
    """The result that makes this value the body, even None."""
    return NULL if value is None else value


_VERSION: Final = re.compile(r"(.+):v([1-9][0-9]{0,3})")

if TYPE_CHECKING:
    from pydantic import BaseModel

    from pfnb.language.parameters import Parameters

F = TypeVar("F", bound=Callable[..., Any])


class When(Enum):
    """When a block is run: as any step, only after an error, or always."""

    IN_ORDER = "in order"
    AFTER_ERROR = "after an error"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class BlockDeclaration:
    """The syntax of a block: the step that ends it (without one, it extends to the end of the pipeline), the steps that begin
    further parts, and other spellings of these. `repeats`: it may run its steps several times."""

    end: str | None
    parts: tuple[str, ...] = ()
    repeats: bool = False
    aliases: Mapping[str, str] = field(default_factory=dict)
    when: When = When.IN_ORDER

    @property
    def frames(self) -> tuple[str, ...]:
        """The names of all other steps that belong to the block."""
        return (*self.parts, *self.aliases, *(() if self.end is None else (self.end,)))


class Command:
    """A named function that a step can call, with its settings for the runner.

    `anonymous`: anonymousUser may run it. `read_only`: a cookie-authenticated GET may run it. `main`: a synchronous
    function runs on the kernel's main thread unless the step says otherwise. `shorthand`: the parameter that a bare
    value fills (`- body.set: hello`). `version`: several versions of a command can coexist, such as `log` and `log:v2`.
    `in_hub`: called by itself over HTTP, it runs in the hub's own process, since it computes nothing: it only queries or
    changes the hub. `comes_first`: as one of the first steps, it runs before the pipeline's variables are evaluated.
    `is_built_in`: it belongs to pfnb; its results need no conversion.
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        *,
        aliases: tuple[str, ...] = (),
        anonymous: bool = False,
        read_only: bool = False,
        block: BlockDeclaration | None = None,
        main: bool = False,
        shorthand: str | None = None,
        version: int = 1,
        in_hub: bool = False,
        comes_first: bool = False,
        is_built_in: bool = False,
    ) -> None:
        self.name = name
        self.version = version
        self.function = function
        self.aliases = aliases
        self.anonymous = anonymous
        self.read_only = read_only
        self.block = block
        self.main = main
        self.shorthand = shorthand
        self.in_hub = in_hub
        self.comes_first = comes_first
        self.is_built_in = is_built_in
        self.is_async = inspect.iscoroutinefunction(function)
        self.signature = _signature(name, function)
        self.given = tuple(parameter for parameter in self.signature.parameters if parameter in GIVEN)
        if (block is not None) != ("block" in self.given):
            raise ParameterError(f'command "{name}": a function takes "block" if and only if it declares a block')
        if block is not None and not self.is_async:
            raise ParameterError(f'command "{name}": a block needs an "async def" function, which awaits block.run(…)')

    @cached_property
    def deferred(self) -> Mapping[str, type[Deferred]]:
        """The parameters whose expressions the function evaluates itself."""
        kinds = {name: deferred_kind(one.annotation) for name, one in self.signature.parameters.items()}
        return {name: kind for name, kind in kinds.items() if kind is not None}

    @cached_property
    def documentation(self) -> Documentation:
        """What the function's docstring says, with its examples."""
        return command_documentation(self.function)

    @property
    def description(self) -> str:
        """The docstring without its examples."""
        return self.documentation.description

    @cached_property
    def parameters(self) -> Parameters:
        """The declared parameters; built when first needed, since pydantic models make imports slow."""
        from pfnb.language.parameters import parameters_of

        return parameters_of(self.name, self.signature, GIVEN)

    @cached_property
    def is_incomplete(self) -> bool:
        """Whether it has a required parameter."""
        return any(
            parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD
            for name, parameter in self.signature.parameters.items()
            if name not in GIVEN
        )

    @property
    def model(self) -> type[BaseModel]:
        """The pydantic model of the parameters, spelt as in pipelines; the source of JSON schemas."""
        return self.parameters.model

    def __repr__(self) -> str:
        return f"Command({self.name!r})"


def _signature(name: str, function: Callable[..., Any]) -> inspect.Signature:
    try:
        return inspect.signature(function, eval_str=True)
    except NameError as error:
        raise ParameterError(f'command "{name}": an annotation of its function cannot be resolved: {error}') from error


class CommandRegistry:
    """Commands by name. It also knows the names of block parts and ends (`if.else`, `if.end`).

    `load` is called on every look-up, and registers the built-in commands on the first one. Those are the functions of the
    package `home`. `elsewhere` returns the commands of PIPEFORCE, each with the reason for which it may not be here.
    """

    def __init__(
        self,
        load: Callable[[], object] = lambda: None,
        home: str | None = None,
        elsewhere: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._load = load
        self._home = home
        self._elsewhere = elsewhere
        self._commands: dict[str, Command] = {}
        self._blocks: dict[str, Command] = {}
        self._highest = 1

    def command(
        self,
        name: str,
        *,
        aliases: tuple[str, ...] = (),
        anonymous: bool = False,
        read_only: bool = False,
        block: BlockDeclaration | None = None,
        main: bool = False,
        shorthand: str | None = None,
        version: int = 1,
        in_hub: bool = False,
        comes_first: bool = False,
    ) -> Callable[[F], F]:
        """Declare a function as a command; the function itself stays as it is.

        The function takes any of `body`, `event`, `vars`, `headers` and `context` by name; its other parameters are the
        command's, spelt in camelCase in pipelines (snake_case is accepted; a trailing underscore as in `in_` is dropped).
        It returns the new body; None keeps it. Annotate with `Annotated[T, Field(description=…)]` to document a parameter.
        A parameter of the type `Lazy` gets its expression instead of a value: see there.
        """

        def register(function: F) -> F:
            self.add(
                Command(
                    name,
                    function,
                    aliases=aliases,
                    anonymous=anonymous,
                    read_only=read_only,
                    block=block,
                    main=main,
                    shorthand=shorthand,
                    version=version,
                    in_hub=in_hub,
                    comes_first=comes_first,
                    is_built_in=self._home is not None and function.__module__.startswith(f"{self._home}."),
                )
            )
            return function

        return register

    def add(self, command: Command) -> None:
        """Register under its name and aliases. A name may be registered again (a cell that is run twice), but a
        built-in one only by pfnb itself; raises NameTakenError."""
        if not command.is_built_in:
            self._load()
        names = [versioned(name, command.version) for name in (command.name, *command.aliases)]
        for name in names:
            present = self._commands.get(name) or self._blocks.get(name)
            if present is not None and present.is_built_in and not command.is_built_in:
                raise NameTakenError(f'"{name}" is a built-in command: choose another name, such as "my.{name}"')
        for name in names:
            self._commands[name] = command
        self._highest = max(self._highest, command.version)
        if command.block is not None:
            for name in command.block.frames:
                self._blocks[name] = command

    def get(self, name: str, version: int = 1) -> Command:
        """The command of that name or alias, in this version or the highest below it; a version in the name (`log:v2`) takes
        precedence. Raises UnknownCommandError, which suggests the nearest name."""
        self._load()
        name, version = split_version(name, version)
        for number in range(min(version, self._highest), 0, -1):
            command = self._commands.get(versioned(name, number))
            if command is not None:
                return command
        if name in self._blocks:
            raise UnknownCommandError(f'"{name}" is not a command by itself: it belongs to "{self._blocks[name].name}"')
        if name in self._elsewhere():
            raise UnknownCommandError(f'there is no command "{name}" here as in PIPEFORCE: {self._elsewhere()[name]}')
        near = get_close_matches(name, self.names(), n=1)
        hint = f': did you mean "{near[0]}"?' if near else ""
        raise UnknownCommandError(f'there is no command "{name}"{hint}')

    def block_of(self, name: str) -> Command | None:
        """The block command to which a part or end such as `if.else` belongs; None for other names."""
        self._load()
        return self._blocks.get(name)

    def names(self) -> list[str]:
        """All names that a step may have, aliases and block parts included, sorted."""
        self._load()
        return sorted({*self._commands, *self._blocks})

    def copy(self) -> CommandRegistry:
        """A separate registry with the same commands."""
        self._load()
        twin = CommandRegistry(elsewhere=self._elsewhere)
        twin._commands.update(self._commands)
        twin._blocks.update(self._blocks)
        return twin

    def built_in(self) -> CommandRegistry:
        """A separate registry with the built-in commands only."""
        twin = CommandRegistry(elsewhere=self._elsewhere)
        for command in self:
            if command.is_built_in:
                twin.add(command)
        return twin

    def for_checks(self) -> CommandRegistry:
        """A separate registry that also has the commands of PIPEFORCE which are not here, with any parameters: to check
        pipelines, never to run them."""
        twin = self.copy()
        for name in self._elsewhere():
            if name not in twin._commands and name not in twin._blocks:
                twin.add(Command(name, _elsewhere))
        return twin

    def __contains__(self, name: object) -> bool:
        self._load()
        return name in self._commands

    def __iter__(self) -> Iterator[Command]:
        """Each command once, by name and version."""
        self._load()
        return iter(sorted(set(self._commands.values()), key=lambda command: (command.name, command.version)))


def _elsewhere(**_given: Any) -> NoReturn:
    raise UnknownCommandError("this command is not here")


def split_version(name: str, default: int = 1) -> tuple[str, int]:
    """`log:v2` as `log` and 2; without a version, the default."""
    found = _VERSION.fullmatch(name)
    return (found[1], int(found[2])) if found is not None else (name, default)


def versioned(name: str, version: int) -> str:
    """The name by which this version of a command is registered."""
    return name if version == 1 else f"{name}:v{version}"
