"""Every built-in command tells what it is for and shows itself at work, and what it shows is true."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from pfnb import functions
from pfnb.commands import load
from pfnb.hub.access import HubAccess
from pfnb.hub.home import Home, HubOptions
from pfnb.language import Command, Runner, User, parse_pipeline
from pfnb.language.declaration import Example
from pfnb.language.roles import EVERYTHING

COMMANDS = list(load())
EXAMPLES = [(command.name, example) for command in COMMANDS for example in command.documentation.examples]
ADA = User("ada", EVERYTHING)


@pytest.fixture
async def hub() -> AsyncIterator[HubAccess]:
    home = Home(HubOptions(owner="ada"))
    await home.open()
    yield HubAccess(home.hub, ADA, "http://127.0.0.1:8899/pfnb")
    await home.close()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_a_command_tells_what_it_and_each_of_its_parameters_are_for_and_has_an_example(command: Command) -> None:
    assert command.documentation.summary.endswith((".", "!", "?"))
    assert command.documentation.examples
    fields = command.model.model_fields.values()
    assert [field.alias for field in fields if not (field.description or "").strip()] == []


@pytest.mark.parametrize(("command", "example"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
async def test_an_example_of_a_command_uses_it_and_ends_as_it_says(
    hub: HubAccess, command: str, example: Example
) -> None:
    registry = load()
    names = (command, *registry.get(command).aliases)
    assert any(f"- {name}" in example.code for name in names)
    result = await Runner(registry, functions.registry).run(parse_pipeline(example.code, registry), user=ADA, hub=hub)
    if example.result is not None:
        assert result.body == json.loads(example.result)
