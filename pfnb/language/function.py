"""Functions of expressions, and their registry.

A built-in function, a user's own and a third party's are declared alike: a Python function under a registry's
`@function("text.trim")` is called in expressions as `@text.trim(…)`, its arguments converted to the types of its annotations.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, TypeVar

from pfnb.exceptions import NameTakenError, ParameterError
from pfnb.language.declaration import Documentation, function_documentation

_NAME = re.compile(r"[A-Za-z]\w*(\.[A-Za-z]\w*)+")

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Function:
    """A Python function and its name in expressions: group, dot, name. `is_built_in`: it belongs to pfnb."""

    name: str
    call: Callable[..., Any]
    is_built_in: bool = False

    @property
    def group(self) -> str:
        return self.name.rpartition(".")[0]

    @property
    def documentation(self) -> Documentation:
        """What its docstring says, with its examples."""
        return function_documentation(self.call)


class FunctionRegistry(Mapping[str, Any]):
    """Groups of functions by name, as expressions take them: each an object whose attributes are the functions.

    `load` is called on every look-up, and registers the built-in functions on the first one. Those are the functions of the
    package `home`.
    """

    def __init__(self, load: Callable[[], object] = lambda: None, home: str | None = None) -> None:
        self._load = load
        self._home = home
        self._functions: dict[str, Function] = {}
        self._groups: dict[str, SimpleNamespace] = {}

    def function(self, name: str) -> Callable[[F], F]:
        """Declare a Python function as one of expressions; the function itself stays as it is.

        The name has a group, such as `crm.label`. A parameter named `context` receives the run's Context; an `async def`
        function is awaited on the run's loop, and both need a run. Raises NameTakenError and ParameterError.
        """
        if not _NAME.fullmatch(name):
            raise ParameterError(f'"{name}" is not a valid name for a function: use one such as "crm.label"')

        def declare(call: F) -> F:
            is_built_in = self._home is not None and call.__module__.startswith(f"{self._home}.")
            self.add(Function(name, call, is_built_in))
            return call

        return declare

    def add(self, function: Function) -> None:
        """Register a function. A name may be registered again (a cell that is run twice), but a built-in one only by
        pfnb itself; raises NameTakenError."""
        if not function.is_built_in:
            self._load()
            present = self._functions.get(function.name)
            if present is not None and present.is_built_in:
                raise NameTakenError(
                    f'"{function.name}" is a built-in function: choose another name, such as "my.{function.name}"'
                )
        self._functions[function.name] = function
        group = self._groups.setdefault(function.group, SimpleNamespace())
        setattr(group, function.name.rpartition(".")[2], function.call)

    def functions(self) -> list[Function]:
        """Each function, by name."""
        self._load()
        return sorted(self._functions.values(), key=lambda function: function.name)

    def __getitem__(self, group: str) -> Any:
        self._load()
        return self._groups[group]

    def __iter__(self) -> Iterator[str]:
        self._load()
        return iter(self._groups)

    def __len__(self) -> int:
        self._load()
        return len(self._groups)
