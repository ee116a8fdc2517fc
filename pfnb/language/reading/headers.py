"""A pipeline's `headers`: which are known, what values they take, and what they require of the runner."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, Final

from pfnb.exceptions import ParameterError, PipelineSyntaxError
from pfnb.language.condition import is_true
from pfnb.language.declaration import Setting
from pfnb.language.formula import Formula
from pfnb.language.gathering import BATCH, DEBOUNCE, batch_of, both, debounce_of
from pfnb.language.on_error import ON_ERROR, OnError, on_error_of
from pfnb.language.pipeline import Rules
from pfnb.language.reading.prefix import HEADER, PATTERN
from pfnb.language.reading.values import is_null, json_value, value_of
from pfnb.language.retry import RETRY, retry_of
from pfnb.language.yaml.nodes import Mapping, Node, Scalar

MAX_CONCURRENCY: Final = 64
MAX_TIMEOUT: Final = 86_400
_RUN_AS: Final = "runas "
_VERSION: Final = {"type": ["string", "number"]}
HIGHEST_VERSION: Final = 9_999

KNOWN: Final = {
    "allNotebooks": Setting(
        "Whether a pipeline in a notebook that listens to a pattern also gets events of your other notebooks.",
        {"type": ["boolean", "string"]},
    ),
    "apiVersion": Setting("The same as `version`.", _VERSION),
    "authorization": Setting(
        "`RunAs NAME` runs the pipeline as that user, as the command `iam.run.as` does.",
        {"type": "string", "pattern": "^[Rr][Uu][Nn][Aa][Ss] *[^ ]"},
    ),
    "batch": Setting(
        "Up to so many events are handled in one run, whose body has them as `events`. Default: `size: 100`, and `wait: 5s` for "
        "others after the first.",
        BATCH,
    ),
    "concurrency": Setting(
        "How many events a listening pipeline handles at once. Default: 1.",
        {"type": "integer", "minimum": 1, "maximum": MAX_CONCURRENCY},
    ),
    "contentType": Setting("The type of the final body, for PIPEFORCE.", {"type": "string"}),
    "debounce": Setting(
        "How long no other event must come before the newest one is handled, such as `30s`. Those before it are not handled.",
        DEBOUNCE,
    ),
    "description": Setting("What the pipeline is for.", {"type": "string"}),
    HEADER: Setting(
        "The only mark that opens an expression: with `$`, `${…}` does and `#{…}` is plain text.",
        {"type": "string", "pattern": PATTERN},
    ),
    "mocksEnabled": Setting("Whether `mock.command` has its effect.", {"type": ["boolean", "string"]}),
    "name": Setting("The pipeline's name, for its readers.", {"type": "string"}),
    "onCommandError": Setting("The older spelling of `onError`.", ON_ERROR),
    "onError": Setting("What to do if a step without `onError` fails.", ON_ERROR),
    "ordered": Setting("With `strict`, later events wait while an event waits for its retry.", {"enum": ["strict"]}),
    "retry": Setting("How often and when an event whose run failed is tried again.", RETRY),
    "runAs": Setting("A user's name: the older spelling of `authorization: RunAs NAME`.", {"type": "string"}),
    "runWhen": Setting("The pipeline runs only if this is true when it begins.", {"type": ["boolean", "string"]}),
    "timeout": Setting(
        "Seconds that a run may take; then it ends with an error.",
        {"type": "number", "exclusiveMinimum": 0, "maximum": MAX_TIMEOUT},
    ),
    "tracing": Setting("Whether the steps of a run are recorded.", {"type": ["boolean", "string"]}),
    "version": Setting("The highest version of commands to use, such as `v2`. Default: v1.", _VERSION),
}
"""Headers with a meaning. Authors may add others, as in PIPEFORCE; expressions read them as `headers.NAME`."""


def headers_of(node: Node | None, source: str) -> tuple[dict[str, Any], Rules]:
    """The headers as plain JSON, and the rules that the known ones set.

    Raises PipelineSyntaxError for a misspelled known header, such as `onEror`; any other unknown name is the author's own.
    Raises ParameterError for a value that its header cannot have.
    """
    if node is None or is_null(node):
        return {}, Rules()
    if not isinstance(node, Mapping):
        raise PipelineSyntaxError("headers must be a map of names and values", line=node.line, column=node.column)
    asked: dict[str, Any] = {}
    for key, value in node.entries:
        _check_name(key)
        if key.text in _READERS and not is_null(value):
            rule, read = _READERS[key.text]
            asked[rule] = _at(value, read, value_of(value, source) if key.text == "runWhen" else json_value(value))
    rules = Rules(**asked)
    _check_gathering(rules, node)
    return {key.text: json_value(value) for key, value in node.entries}, rules


def _check_gathering(rules: Rules, node: Node) -> None:
    if rules.debounce is None or (rules.batch is None and not rules.strict):
        return
    error = (
        both()
        if rules.batch is not None
        else ParameterError("remove ordered: with debounce only the newest event runs")
    )
    error.line, error.column = node.line, node.column
    raise error


def on_error_at(node: Node) -> OnError:
    """The action written here. Raises ParameterError with its line and column."""
    return _at(node, on_error_of, json_value(node))  # type: ignore[no-any-return]


def version_of(value: Any) -> int:
    """The number in `v2`, `2` or 2; the highest for `latest`. Raises ParameterError."""
    text = str(value).strip().lower().removeprefix("v")
    if text == "latest":
        return HIGHEST_VERSION
    if isinstance(value, bool) or not text.isdecimal() or not 0 < int(text[:9]) <= HIGHEST_VERSION:
        raise ParameterError(f"a version is written v1, v2 and so on, or latest, not {value!r}")
    return int(text)


def _check_name(key: Scalar) -> None:
    if key.text in KNOWN:
        return
    by_case = {name.lower(): name for name in KNOWN}
    near = get_close_matches(key.text.lower(), by_case, n=1, cutoff=0.85)
    if near:
        message = f'there is no header "{key.text}": did you mean "{by_case[near[0]]}"?'
        raise PipelineSyntaxError(message, line=key.line, column=key.column)


def _at(node: Node, read: Callable[[Any], Any], value: Any) -> Any:
    try:
        return read(value)
    except ParameterError as error:
        error.line, error.column = node.line, node.column
        raise


def _condition(value: Any) -> Any:
    return value if isinstance(value, Formula) else is_true(value, "runWhen")


def _switch(name: str) -> Callable[[Any], bool]:
    return lambda value: is_true(value, name)


def _authorized(value: Any) -> str:
    if not isinstance(value, str) or not value.lower().startswith(_RUN_AS) or not value[len(_RUN_AS) :].strip():
        raise ParameterError('authorization must be "RunAs NAME": a pipeline must not contain tokens or passwords')
    return value[len(_RUN_AS) :].strip()


def _name(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ParameterError(f"runAs must be a username, not {value!r}")
    return value


def _concurrency(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_CONCURRENCY:
        raise ParameterError(f"concurrency must be from 1 to {MAX_CONCURRENCY}, not {value!r}")
    return value


def _timeout(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= MAX_TIMEOUT:
        raise ParameterError(f"timeout must be a number of seconds, up to {MAX_TIMEOUT}, not {value!r}")
    return float(value)


def _ordered(value: Any) -> bool:
    if value != "strict":
        raise ParameterError(f'ordered can only be "strict", not {value!r}')
    return True


def _no_secret(_value: Any) -> None:
    raise ParameterError(
        "a pipeline must not contain tokens or passwords: switch the user with the header runAs, or with the step iam.run.as"
    )


_READERS: Final[dict[str, tuple[str, Callable[[Any], Any]]]] = {
    "apitoken": ("run_as", _no_secret),
    "password": ("run_as", _no_secret),
    "username": ("run_as", _no_secret),
    "allNotebooks": ("all_notebooks", _switch("allNotebooks")),
    "apiVersion": ("version", version_of),
    "authorization": ("run_as", _authorized),
    "batch": ("batch", batch_of),
    "concurrency": ("concurrency", _concurrency),
    "debounce": ("debounce", debounce_of),
    "mocksEnabled": ("mocks", _switch("mocksEnabled")),
    "onCommandError": ("on_error", on_error_of),
    "onError": ("on_error", on_error_of),
    "ordered": ("strict", _ordered),
    "retry": ("retry", lambda value: retry_of(value, "retry")),
    "runAs": ("run_as", _name),
    "runWhen": ("run_when", _condition),
    "timeout": ("timeout", _timeout),
    "tracing": ("tracing", _switch("tracing")),
    "version": ("version", version_of),
}
"""For each known header: its field in Rules, and the function that reads its value."""
