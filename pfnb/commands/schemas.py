"""Commands that describe the commands and the language: JSON Schemas, for editors and forms."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from pfnb.commands import command, registry
from pfnb.language.command import Command


@command("command.schema", read_only=True, shorthand="command")
def command_schema(
    command: Annotated[str | None, Field(description="Only this command. Default: all, by their names.")] = None,
) -> dict[str, Any]:
    """The JSON Schema of a command's parameters, or of those of all commands.

    Example:
        pipeline:
          - command.schema: {command: wait}
          - body.set: "#{body.title}"
        # => "wait"
    """
    if command is not None:
        return _schema(registry.get(command))
    return {one.name: _schema(one) for one in registry if one.version == 1}


@command(
    "pipeline.schema",
    aliases=("pipeline.schema.get", "command.pipe.schema.v7", "command.schema.pipeline"),
    read_only=True,
)
def pipeline_schema() -> dict[str, Any]:
    """The JSON Schema of a pipeline with all commands.

    Example:
        pipeline:
          - pipeline.schema:
          - body.set: "#{body.title}"
        # => "Pipeline"
    """
    from pfnb.language.editing import schema

    return schema.pipeline_schema(registry)


def _schema(command: Command) -> dict[str, Any]:
    from pfnb.language.editing.schema import DIALECT, parameters_schema

    return {
        "$schema": DIALECT,
        "title": command.name,
        "description": command.description,
        **parameters_schema(command),
    }
