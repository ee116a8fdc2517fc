"""References to pipelines: to a stored one, or to a one-line pipeline, which must be written in place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from pfnb.exceptions import ParameterError
from pfnb.language.reading.inline import is_uri
from pfnb.language.written import Written

if TYPE_CHECKING:
    from pfnb.language.command import CommandRegistry
    from pfnb.language.pipeline import Pipeline

ALLOWED = "the path of a stored pipeline, the name of a listening one, or `uuid:` and a uuid"
_SCHEME = re.compile(r"\$?uri:(pipeline|property|command):(.*)", re.DOTALL)
_COMMAND = re.compile(r"\s*(?:\$?uri:command:|(?:\$?uri:pipeline:)?[^/?#$|]*(?:\?[^#$|]*)?\|)")
_NAME = re.compile(r"[^|?#{}$\n]+")


@dataclass(frozen=True, slots=True)
class PipelineReference(Written):
    """A parameter that names a pipeline, such as `global/app/demo/pipeline/lead?name=Ada`.

    A literal text may also be a one-line pipeline, `$uri:command:datetime` or `datetime|log`. It is parsed together with the
    pipeline around it, into `pipeline`. A computed text can only name a stored pipeline.
    """

    pipeline: Pipeline | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """Either the `path` or name of a stored pipeline, with values for its `vars`, or the text of a one-line pipeline, `uri`."""

    path: str | None = None
    uri: str | None = None
    vars: Mapping[str, str] = field(default_factory=dict)


def check_computed(given: PipelineReference) -> None:
    """Raise ParameterError for a text with expressions in it that could never name a stored pipeline."""
    if given.formula is not None and _COMMAND.match(given.formula.text):
        raise ParameterError(
            "a one-line pipeline cannot contain an expression: pass its value as vars or body. The value of an expression "
            f"must be {ALLOWED}"
        )


def reference_of(given: PipelineReference, registry: CommandRegistry) -> Reference:
    """Parse `global/app/demo/pipeline/lead`, `$uri:pipeline:…?name=Ada`, `$uri:command:datetime` or `datetime|log`.

    Raises ParameterError for any other text, and for a computed one that is a one-line pipeline.
    """
    found = _SCHEME.fullmatch(given.text.strip())
    scheme, rest = (found[1], found[2]) if found is not None else ("", given.text.strip())
    path, _, query = rest.partition("?")
    if not path:
        raise ParameterError(
            f"{given.text[:60]!r} is not the name of a pipeline: write its path, such as global/app/demo/pipeline/lead"
        )
    by_name = scheme != "property" and "/" not in path
    if given.is_literal and (scheme == "command" or (by_name and (is_uri(rest) or path in registry))):
        return Reference(uri=rest)
    if not given.is_literal and (scheme == "command" or (by_name and (path in registry or not _NAME.fullmatch(path)))):
        raise ParameterError(
            f"{given.text[:60]!r} is not the name of a stored pipeline: the value of an expression must be {ALLOWED}. "
            "Commands are run only if they are written in the pipeline itself"
        )
    path = path if path.startswith("/pipeforce/") else path.strip("/")
    return Reference(path=path, vars=dict(parse_qsl(query, keep_blank_values=True)))
