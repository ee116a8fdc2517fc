"""Commands are tested in runs, with the fixtures of the language's own tests."""

from collections.abc import AsyncIterator

import pytest

from pfnb.hub.access import HubAccess
from pfnb.hub.home import Home, HubOptions
from pfnb.language import User
from pfnb.language.roles import EVERYTHING
from tests.language.conftest import hub, logged, registry, run

__all__ = ["hub", "logged", "registry", "run"]


@pytest.fixture
async def real_hub() -> AsyncIterator[HubAccess]:
    """A hub with nothing in it, for what a remembering one cannot answer: a module that wants it imports it as `hub`."""
    home = Home(HubOptions(owner="ada"))
    await home.open()
    yield HubAccess(home.hub, User("ada", EVERYTHING), "http://127.0.0.1:8899/pfnb")
    await home.close()
