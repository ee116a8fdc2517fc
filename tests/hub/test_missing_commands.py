"""Stored pipelines with commands that only PIPEFORCE has: they are stored, and each of their runs says why it cannot be."""

from __future__ import annotations

import logging

import pytest

from pfnb import functions
from pfnb.commands import registry
from pfnb.exceptions import ParameterError, PelSyntaxError, UnknownCommandError
from pfnb.hub.hub import Hub
from pfnb.language import Runner, User
from pfnb.language.reading.parser import parse_stored
from pfnb.language.roles import EVERYTHING
from pfnb.language.running.calls import PIPELINE_TYPE

ADA = User("ada", EVERYTHING)
PATH = "global/app/scripts/pipeline/count"
TEXT = """
pipeline:
  - event.listen: {key: order.placed, filter: "#{body.wanted}"}
  - log: {message: begun}
  - script.run: {script: "function command() {}"}
"""


async def put(hub: Hub, text: str) -> None:
    await hub.properties.put(PATH, {"value": text, "type": PIPELINE_TYPE}, "ada", "update")


async def test_a_pipeline_with_a_command_of_pipeforce_is_stored_and_the_log_says_that_it_cannot_run(
    hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        await put(hub, TEXT)
    assert hub.listeners.get(PATH).is_stored
    assert f'{PATH} is stored, but cannot run: there is no command "script.run" here' in caplog.text


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (TEXT.replace("script.run", "script.runn"), UnknownCommandError),
        (TEXT + "  - logg: {message: x}", UnknownCommandError),
        (TEXT.replace("message: begun", "massage: begun"), ParameterError),
        (TEXT.replace('"function command() {}"', '"#{1 +}"'), PelSyntaxError),
    ],
)
async def test_anything_else_that_is_wrong_is_refused(hub: Hub, text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        await put(hub, text)
    assert hub.listeners.find(PATH) is None


async def test_a_run_ends_before_its_first_step_and_says_what_the_command_needs() -> None:
    said: list[str] = []
    pipeline = parse_stored(TEXT, registry)
    for _ in range(2):
        with pytest.raises(UnknownCommandError, match="JavaScript") as raised:
            await Runner(registry, functions.registry).run(
                pipeline, user=ADA, hub=None, event={"wanted": True}, log=lambda _, message: said.append(message)
            )
        assert (raised.value.line, raised.value.step, said) == (5, 3, [])


async def test_an_event_that_its_filter_refuses_is_passed_over_as_ever() -> None:
    pipeline = parse_stored(TEXT, registry)
    result = await Runner(registry, functions.registry).run(pipeline, user=ADA, hub=None, event={"wanted": False})
    assert result.skipped
