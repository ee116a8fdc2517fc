"""Keeps tests and notebooks away from the Jupyter of whoever runs them, however pytest was started."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from xdist.scheduler import LoadFileScheduling

from tests.live.environment import FOREIGN, own_environment

OWN_FOLDER = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    folder = config.stash[OWN_FOLDER] = Path(tempfile.mkdtemp(prefix="pfnb-test-"))
    os.environ.update(own_environment(folder))
    for name in FOREIGN:
        os.environ.pop(name, None)
    if config.getoption("nbval", False) and config.getoption("nbval_sanitize_with") is None:
        config.option.nbval_sanitize_with = str(config.rootpath / "notebooks" / "sanitize.cfg")


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(config.stash[OWN_FOLDER], ignore_errors=True)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """With `--dist loadfile` the tests in a browser go to one process, since they have one JupyterLab."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class FilesAndTheBrowser(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "tests/browser" if nodeid.startswith("tests/browser/") else super()._split_scope(nodeid)

    return FilesAndTheBrowser(config, log)
