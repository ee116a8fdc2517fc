"""A scan: all secrets, in all files and all history below some folders. It reads much, so it belongs in a thread."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pfnb.leaks.finder import Finder
from pfnb.leaks.folders import files_below, repositories_below
from pfnb.leaks.history import HistoryError, leaks_in_history
from pfnb.leaks.leak import Leak


@dataclass(slots=True)
class Scan:
    """What a scan has seen: leaks, how many files and repositories, and what it could not read, with the reason."""

    leaks: list[Leak] = field(default_factory=list)
    files: int = 0
    repositories: int = 0
    unread: list[tuple[str, str]] = field(default_factory=list)

    def to_json(self, webhooks: Mapping[str, Mapping[str, Any]], deactivated: Collection[str]) -> dict[str, Any]:
        """All of it, each leak with its webhook's event key and whether that is among those `deactivated` now. `webhooks` are by
        uuid."""
        return {
            "leaks": [
                {
                    "eventKey": webhooks[leak.uuid]["eventKey"],
                    **leak.to_json(),
                    "deactivated": leak.uuid in deactivated,
                }
                for leak in self.leaks
            ],
            "files": self.files,
            "repositories": self.repositories,
            "unread": [{"path": place, "reason": reason} for place, reason in self.unread],
        }


def scan(
    paths: Collection[Path],
    uuids: Collection[str],
    *,
    history: bool = True,
    progress: Callable[[Scan], None] = lambda _: None,
) -> Scan:
    """Look for `uuids` in the files below `paths` and, with `history`, in the git repositories there.

    `progress` is called after each file and repository. Nothing is changed; what cannot be read is told and does not end the
    scan. FileNotFoundError for a path that does not exist.
    """
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"there is no {path} to scan")
    finder, seen = Finder(uuids), Scan()
    for path in paths:
        for file in files_below(path):
            seen.files += 1
            try:
                seen.leaks.extend(_leaks_in_file(file, finder))
            except OSError as error:
                seen.unread.append((str(file), error.strerror or str(error)))
            progress(seen)
    if history:
        for repository in dict.fromkeys(found for path in paths for found in repositories_below(path)):
            seen.repositories += 1
            try:
                seen.leaks.extend(leaks_in_history(repository, finder))
            except HistoryError as error:
                seen.unread.append((str(repository), str(error)))
            progress(seen)
    return seen


def _leaks_in_file(file: Path, finder: Finder) -> Iterator[Leak]:
    with file.open("rb", buffering=0) as reader:
        for line, uuid in finder.find_lines(reader):
            yield Leak(uuid, str(file), line)
