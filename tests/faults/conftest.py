"""A house for each test, one folder for all logs, and the table at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.faults.table import Row, lines
from tests.live.house import House

ROWS = pytest.StashKey[list[Row]]()
LAST = "test_secrets.py"
"""What it looks for has to be written before."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name == LAST)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if rows := config.stash.get(ROWS, []):
        terminalreporter.section("faults")
        for line in lines(rows):
            terminalreporter.write_line(line)


@pytest.fixture
def record(pytestconfig: pytest.Config) -> Callable[[Row], None]:
    """Puts a row into the table."""
    return pytestconfig.stash.setdefault(ROWS, []).append


@pytest.fixture(scope="session")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder for the logs of all processes."""
    return tmp_path_factory.mktemp("logs", numbered=False)


@pytest.fixture
async def house_of(tmp_path: Path, logs: Path, request: pytest.FixtureRequest) -> AsyncIterator[Callable[..., House]]:
    """Makes a house with the arguments that `House` has, closed with the test."""
    made: list[House] = []

    def make(*kernel: str, **options: object) -> House:
        name = "".join(letter if letter.isalnum() else "-" for letter in request.node.name)
        made.append(House(tmp_path, *kernel, logs=logs / name, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        await each.close()
