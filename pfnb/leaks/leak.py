"""A leak: a webhook's secret, and where it stands for others to read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pfnb.leaks.masks import masked


@dataclass(frozen=True, slots=True)
class Leak:
    """`line` counts from 1; `commit` is the oldest one that holds it, None for a file as it is now. `path` is a file's, or
    one within the repository at `repository`."""

    uuid: str = field(repr=False)
    path: str
    line: int
    repository: str | None = None
    commit: str | None = None

    @property
    def place(self) -> str:
        """Where it stands, as people write it: `notes/a.md:12`, with the commit where it is history."""
        where = f"{self.path}:{self.line}"
        return where if self.repository is None else f"{where} in commit {str(self.commit)[:12]} of {self.repository}"

    def to_json(self) -> dict[str, Any]:
        return {
            "uuid": masked(self.uuid),
            "path": self.path,
            "line": self.line,
            "repository": self.repository,
            "commit": self.commit,
        }
