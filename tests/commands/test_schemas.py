"""`command.schema` and `pipeline.schema`."""

import jsonschema
import pytest

from pfnb.exceptions import UnknownCommandError


async def test_the_schema_of_a_command_takes_its_parameters_and_no_others(run):
    schema = (await run("pipeline: [{command.schema: {command: cache.put}}]")).body
    jsonschema.validate({"key": "a", "timeToLive": 5}, schema)
    for wrong in ({}, {"key": "a", "kez": 1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


async def test_all_commands_are_described_by_their_names(run):
    schemas = (await run("pipeline: [{command.schema: }]")).body
    assert {"log", "cache.put", "pipeline.schema"} <= schemas.keys()


async def test_the_schema_of_an_unknown_command_is_refused(run):
    with pytest.raises(UnknownCommandError, match=r'did you mean "cache\.put"'):
        await run("pipeline: [{command.schema: {command: cache.pu}}]")


@pytest.mark.parametrize("name", ["pipeline.schema", "pipeline.schema.get"])
async def test_a_pipeline_is_checked_by_its_schema(run, name):
    schema = (await run(f"pipeline: [{{{name}: }}]")).body
    jsonschema.validate({"pipeline": [{"cache.put": {"key": "a"}}]}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"pipeline": [{"cache.pu": {"key": "a"}}]}, schema)
