"""Calls of pipelines by others: what is named, a stored one or one in a line, and how far calls may go."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import parse_qsl

from pfnb.exceptions import ParameterError, PipelineError, RunLimitError
from pfnb.language.command import CommandRegistry
from pfnb.language.inline import is_uri
from pfnb.language.offload import maybe_threaded
from pfnb.language.parser import parse_pipeline, parse_uri
from pfnb.language.pipeline import Pipeline
from pfnb.language.port import HubPort

LARGE = 16_384
"""Characters of a pipeline that is read in a thread."""

PIPELINE_TYPE = "application/yaml;type=pipeline"
"""The type of a property that is a stored pipeline."""
BY_UUID = "uuid:"
"""What stands before the uuid of a property, where a pipeline is named by it."""

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
    path = path if path.startswith("/pipeforce/") else path.strip("/")
    return Reference(path=path, vars=dict(parse_qsl(query, keep_blank_values=True)))


def check_calls(path: tuple[str, ...], name: str, limit: int) -> None:
    """Refuse a call, on the way `path` of those under way, that would never end. Raises PipelineError, RunLimitError."""
    if name in path:
        way = " → ".join((*path[path.index(name) :], name))
        raise PipelineError(f"pipelines call each other in a circle: {way}")
    if len(path) >= limit:
        raise RunLimitError(f"pipelines call each other more than {limit} deep")


async def pipeline_of(reference: Reference, hub: HubPort, registry: CommandRegistry) -> Pipeline:
    """The pipeline that is meant, parsed. Raises NotFoundError, and what `parse_pipeline` does."""
    if reference.path is None:
        return parse_uri(reference.uri or "", registry)
    source = (await hub.read_pipeline(reference.path))["source"]
    return await maybe_threaded(len(source) > LARGE, partial(parse_pipeline, source, registry))
