"""The values that the expressions of one run read and change: `vars`, `body`, `headers` and `exception`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pfnb.language.deferred import Deferred
from pfnb.language.formula import Formula
from pfnb.language.pipeline import Pipeline
from pfnb.language.written import Written

RESULT = "result"
"""Root name under which a step's result is found while its `output` is assigned."""

_VARS = re.compile(r"\bvars?\b|#root|#this")


class Scope(dict[str, Any]):
    """A run's `vars` (`var` is an older name of it), `body` and `headers`; a mapping, since expressions assign to its keys.

    `exception` is null unless an error is ending the run. `has_result`: the body was replaced.
    """

    has_result = False

    def __init__(self, body: Any, variables: dict[str, Any], headers: dict[str, Any]) -> None:
        super().__init__(vars=variables, var=variables, body=body, headers=headers, exception=None)

    def shown(self) -> dict[str, Any]:
        """What to display: `vars`, `body` and `headers`, each once."""
        return {name: self[name] for name in ("vars", "body", "headers")}

    def __setitem__(self, name: str, value: Any) -> None:
        if name == "body":
            self.has_result = True
        super().__setitem__(name, value)

    def begin_with(self, body: Any) -> None:
        """Set the body that the run begins with, which is no result."""
        super().__setitem__("body", body)

    @property
    def body(self) -> Any:
        return self["body"]

    @body.setter
    def body(self, value: Any) -> None:
        self["body"] = value

    @property
    def vars(self) -> dict[str, Any]:
        return self["vars"]  # type: ignore[no-any-return]

    @property
    def headers(self) -> dict[str, Any]:
        return self["headers"]  # type: ignore[no-any-return]


def resolve(value: Any, scope: Scope, functions: Mapping[str, Any] | None) -> Any:
    """A pipeline's value with its expressions evaluated; containers are always new, so that no run changes the pipeline. The
    result of an expression is data and is never evaluated again."""
    if isinstance(value, Formula):
        return value.evaluate(scope, functions)
    if isinstance(value, Deferred):
        return value.bound(scope, functions)
    if isinstance(value, Mapping):
        return {key: resolve(item, scope, functions) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve(item, scope, functions) for item in value]
    return value


def formulas(value: Any) -> list[Formula]:
    """All expressions in a pipeline's value, in order."""
    if isinstance(value, Written):
        value = value.formula
    if isinstance(value, Formula):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [formula for item in value for formula in formulas(item)] if isinstance(value, list) else []


def may_block(value: Any) -> bool:
    """Whether resolving this value may take long and cannot be restarted, so that it belongs in a thread from the start."""
    codes = [formula.code for formula in formulas(value)]
    return any(code.may_block for code in codes) or (len(codes) > 1 and any(code.changes for code in codes))


def starting_scope(pipeline: Pipeline, body: Any, variables: Mapping[str, Any], headers: Mapping[str, Any]) -> Scope:
    """The scope a run begins with. The caller's values (`None` means no body) override the pipeline's. Values with expressions
    are still missing: see `complete`."""
    scope = Scope(body, dict(variables), {**resolve(dict(pipeline.headers), Scope(None, {}, {}), None), **headers})
    for name, value in pipeline.vars.items():
        if name not in variables and not formulas(value):
            scope.vars[name] = resolve(value, scope, None)
    if body is None and pipeline.body is not None and not formulas(pipeline.body):
        scope.body = resolve(pipeline.body, scope, None)
    return scope


def complete(
    scope: Scope, pipeline: Pipeline, body: Any, variables: Mapping[str, Any], functions: Mapping[str, Any] | None
) -> None:
    """Evaluate the pipeline's `vars` in order, then its `body`, as far as the caller did not give them."""
    for name, value in pipeline.vars.items():
        if name not in variables:
            known = name in scope.vars
            scope.vars[name] = scope.vars.pop(name) if known else resolve(value, scope, functions)
    if body is None and formulas(pipeline.body):
        scope.body = resolve(pipeline.body, scope, functions)


def is_incomplete(pipeline: Pipeline) -> bool:
    """Whether its `vars` or its `body` have expressions."""
    return bool(formulas([dict(pipeline.vars), pipeline.body]))


def reads_variables(formula: object) -> bool:
    """Whether an expression may read `vars`."""
    return isinstance(formula, Formula) and _VARS.search(formula.text) is not None
