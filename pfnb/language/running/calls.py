"""Calls between pipelines: resolves stored and one-line pipelines, and limits the depth of calls."""

from __future__ import annotations

from functools import partial

from pfnb.exceptions import PipelineError, RunLimitError
from pfnb.language.command import CommandRegistry
from pfnb.language.offload import maybe_threaded
from pfnb.language.pipeline import Pipeline
from pfnb.language.port import HubPort
from pfnb.language.reading.parser import parse_pipeline, parse_uri
from pfnb.language.reading.reference import PipelineReference, Reference

LARGE = 2_048
"""Pipelines of more characters are parsed in a thread."""

PIPELINE_TYPE = "application/yaml;type=pipeline"
"""The property type of a stored pipeline."""
BY_UUID = "uuid:"
"""Prefix of a property's uuid where that names a pipeline."""


def check_calls(path: tuple[str, ...], name: str, limit: int) -> None:
    """Refuse a call that would never end; `path` names the pipelines being called. Raises PipelineError, RunLimitError."""
    if name in path:
        way = " → ".join((*path[path.index(name) :], name))
        raise PipelineError(f"pipelines call each other in a circle: {way}")
    if len(path) >= limit:
        raise RunLimitError(f"pipelines call each other more than {limit} deep")


async def pipeline_of(
    given: PipelineReference, reference: Reference, hub: HubPort, registry: CommandRegistry
) -> Pipeline:
    """The referenced pipeline, parsed. Raises NotFoundError, and what `parse_pipeline` does."""
    if given.pipeline is not None:
        return given.pipeline
    if reference.path is None:
        return parse_uri(reference.uri or "", registry)
    source = (await hub.read_pipeline(reference.path))["source"]
    return await maybe_threaded(len(source) > LARGE, partial(parse_pipeline, source, registry))
