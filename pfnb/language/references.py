"""What a step names when it calls a pipeline: one that is stored, at a path, or one in a line, as a URI."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from pfnb.exceptions import ParameterError, PipelineError, RunLimitError
from pfnb.language.command import CommandRegistry
from pfnb.language.inline import is_uri

_SCHEME = re.compile(r"\$?uri:(pipeline|property|command):(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Reference:
    """Either the `path` or name of a stored pipeline, with values for its `vars`, or the text of a pipeline `uri`."""

    path: str | None = None
    uri: str | None = None
    vars: Mapping[str, str] = field(default_factory=dict)


def reference_of(text: str, registry: CommandRegistry) -> Reference:
    """What is meant by `global/app/demo/pipeline/lead`, `$uri:pipeline:…?name=Ada`, `$uri:command:datetime` or `datetime|log`.

    Raises ParameterError for a text that is none of these.
    """
    found = _SCHEME.fullmatch(text.strip())
    kind, rest = (found[1], found[2]) if found is not None else ("", text.strip())
    path, _, query = rest.partition("?")
    if not path:
        raise ParameterError(f"{text!r} names no pipeline: write its path, such as global/app/demo/pipeline/lead")
    if kind == "command" or (kind != "property" and "/" not in path and (is_uri(rest) or path in registry)):
        return Reference(uri=rest)
    return Reference(path=path.strip("/"), vars=dict(parse_qsl(query, keep_blank_values=True)))


def check_calls(path: tuple[str, ...], name: str, limit: int) -> None:
    """Refuse a call, on the way `path` of those under way, that would never end. Raises PipelineError, RunLimitError."""
    if name in path:
        way = " → ".join((*path[path.index(name) :], name))
        raise PipelineError(f"pipelines call each other in a circle: {way}")
    if len(path) >= limit:
        raise RunLimitError(f"pipelines call each other more than {limit} deep")
