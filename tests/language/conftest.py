"""What the tests of runs need: the built-in commands, a hub that remembers what it was asked, and a way to run a text."""

import pytest

from pfnb import functions
from pfnb.commands import load
from pfnb.exceptions import NotFoundError
from pfnb.language import Runner, User, parse_pipeline
from pfnb.language.roles import EVERYTHING

ADA = User("ada", EVERYTHING)


class MemoryHub:
    """A HubPort that records its calls and answers with what it was given; `pipelines` are those stored in it."""

    def __init__(self):
        self.calls = []
        self.pipelines = {}

    async def read_pipeline(self, path):
        if path not in self.pipelines:
            raise NotFoundError(f"there is no pipeline {path}")
        return {"path": path, "source": self.pipelines[path]}

    async def iam(self, action, /, **fields):
        """Everybody asked for is there, with no roles."""
        self.calls.append(("iam", (action,), fields))
        return {"name": fields.get("username"), "roles": []}

    def __getattr__(self, name):
        async def method(*values, **named):
            self.calls.append((name, values, named))
            return {"method": name}

        return method


@pytest.fixture
def registry():
    return load().copy()


@pytest.fixture
def hub():
    return MemoryHub()


@pytest.fixture
def logged():
    return []


@pytest.fixture
def run(registry, hub, logged):
    async def run(text, *, functions=functions.registry, call_main=None, limits=None, user=ADA, **options):
        runner = Runner(registry, functions, call_main=call_main, limits=limits)
        options.setdefault("log", lambda level, message: logged.append((level, message)))
        return await runner.run(parse_pipeline(text, registry), user=user, hub=hub, **options)

    return run
