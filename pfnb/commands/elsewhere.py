"""The commands that PIPEFORCE has and pfnb has not: an error says why, and an app that has one in some pipeline can be stored."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

ALSO = "write it as a command of your own in Python"


@cache
def reasons() -> Mapping[str, str]:
    """Why each command that PIPEFORCE documents would not be here, by its name. Those that are here are among them."""
    text = (files(__package__) / "pipeforce_commands.tsv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t")
    return {row["command"]: f"it needs {row['needs']}" if row["needs"] else ALSO for row in rows}
