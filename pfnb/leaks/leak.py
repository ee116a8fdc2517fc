"""A leak: a webhook's secret, and the place where others can read it."""

from __future__ import annotations

from dataclasses import dataclass, field

from pfnb.rows.leak import Place
from pfnb.uuid_tail import masked_uuid


def readable(place: object) -> str:
    """A path, or a text about one, made safe to show and send: undecodable and unprintable characters become `�`."""
    return "".join(character if character.isprintable() else "�" for character in str(place))


@dataclass(frozen=True, slots=True)
class Leak:
    """`line` counts from 1; `commit` is the oldest one that contains it, None for a current file. `path` is a file's, or
    one within the repository at `repository`."""

    uuid: str = field(repr=False)
    path: str
    line: int
    repository: str | None = None
    commit: str | None = None

    @property
    def place(self) -> str:
        """The place in the usual notation: `notes/a.md:12`, with the commit if it is in the history."""
        where = f"{self.path}:{self.line}"
        if self.repository is None:
            return where
        commit = "no commit" if self.commit is None else f"commit {self.commit[:12]}"
        return f"{where} in {commit} of {self.repository}"

    def to_json(self) -> Place:
        return {
            "uuid": masked_uuid(self.uuid),
            "path": self.path,
            "line": self.line,
            "repository": self.repository,
            "commit": self.commit,
        }
