"""Keeps tests and notebooks away from the Jupyter of whoever runs them, however pytest was started."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

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
