"""A pipeline's `headers`: which are known, and what they may be."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, Final

from pfnb.exceptions import ParameterError, PipelineSyntaxError
from pfnb.language.declaration import Setting
from pfnb.language.document import Mapping, Node, Scalar
from pfnb.language.pipeline import OnError
from pfnb.language.prefix import HEADER, PATTERN
from pfnb.language.values import is_null, json_value

ON_ERROR: Final = {
    "anyOf": [
        {"enum": list(OnError.__members__)},
        {
            "type": "object",
            "properties": {"action": {"enum": list(OnError.__members__)}},
            "required": ["action"],
            "additionalProperties": False,
        },
    ]
}
"""The JSON Schema of `onError`."""

KNOWN: Final = {
    "apiVersion": Setting("The version of the language, for PIPEFORCE.", {"type": ["string", "number"]}),
    "concurrency": Setting(
        "How many events a listening pipeline handles at once: 1, if it does not say.",
        {"type": "integer", "minimum": 1},
    ),
    "contentType": Setting("The type of the final body, for PIPEFORCE.", {"type": "string"}),
    "description": Setting("What the pipeline is for.", {"type": "string"}),
    HEADER: Setting(
        "The mark that opens an expression, where another language has the usual ones: `$` lets only `${…}` be one.",
        {"type": "string", "pattern": PATTERN},
    ),
    "mocksEnabled": Setting("Whether mocks stand in for commands, for PIPEFORCE.", {"type": ["boolean", "string"]}),
    "name": Setting("The pipeline's name, for its readers.", {"type": "string"}),
    "onError": Setting("What each step does about its error, if it does not say.", ON_ERROR),
    "ordered": Setting("With `strict`, an event that waits for a retry lets no other pass.", {"type": "string"}),
    "retry": Setting("How often and when an event whose run failed is tried again.", {"type": "object"}),
    "tracing": Setting("Whether steps are recorded, for PIPEFORCE.", {"type": ["boolean", "string"]}),
}
"""Headers with a meaning. PIPEFORCE allows others of one's own, which expressions read as `headers.NAME`."""

_REFUSED = {
    "authorization": 'use "- iam.run.as: {username: …}" as a step',
    "runAs": 'use "- iam.run.as: {username: …}" as a step',
    "runWhen": 'use the parameter "if" of the steps, or "filter" of event.listen',
    "timeout": "leave it out",
}
"""Headers that would change what a pipeline does: better refused than ignored."""


def headers_of(node: Node | None) -> dict[str, Any]:
    """The headers as plain JSON.

    Raises PipelineSyntaxError for a header that is not supported, or is nearly one that is known: other names are the
    author's own, but `onEror` is nobody's.
    """
    if node is None or is_null(node):
        return {}
    if not isinstance(node, Mapping):
        raise PipelineSyntaxError("headers wants names with values", line=node.line, column=node.column)
    for key, value in node.entries:
        _check_name(key)
        if key.text == "onError":
            on_error_at(value)
    return {key.text: json_value(value) for key, value in node.entries}


def _check_name(key: Scalar) -> None:
    where = {"line": key.line, "column": key.column}
    if key.text in _REFUSED:
        raise PipelineSyntaxError(f'the header "{key.text}" is not supported: {_REFUSED[key.text]}', **where)
    if key.text in KNOWN:
        return
    by_case = {name.lower(): name for name in (*KNOWN, *_REFUSED)}
    near = get_close_matches(key.text.lower(), by_case, n=1, cutoff=0.85)
    if near:
        raise PipelineSyntaxError(f'there is no header "{key.text}": did you mean "{by_case[near[0]]}"?', **where)


def on_error_at(node: Node) -> OnError:
    """The action written here. Raises ParameterError with its line and column."""
    try:
        return on_error_of(json_value(node))
    except ParameterError as error:
        error.line, error.column = node.line, node.column
        raise


def on_error_of(value: Any) -> OnError:
    """The action of `onError`, short (`LOG`) or long (`{action: LOG}`). Raises ParameterError."""
    action = value.get("action") if isinstance(value, dict) and set(value) == {"action"} else value
    if value is None:
        return OnError.THROW
    if isinstance(action, str) and action.upper() in OnError.__members__:
        return OnError[action.upper()]
    allowed = ", ".join(OnError.__members__)
    later = value.get("action", "") if isinstance(value, dict) else value
    if isinstance(later, str) and later.upper() in ("RETRY", "ROLLBACK"):
        raise ParameterError(f"onError: {later.upper()} is not supported: use one of {allowed}")
    raise ParameterError(f"onError wants one of {allowed}, not {value!r}")
