"""A scan: searches for all secrets in all files and all history below some folders. It reads much: run it in a thread."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pfnb.leaks.finder import MAX_BYTES, Bounded, Finder
from pfnb.leaks.folders import files_below, open_regular, repositories_below
from pfnb.leaks.halt import Halt
from pfnb.leaks.history import leaks_in_history
from pfnb.leaks.leak import Leak, readable
from pfnb.leaks.repository import HistoryError
from pfnb.rows.leak import LeakReport
from pfnb.rows.webhook import WebhookRow


@dataclass(slots=True)
class Scan:
    """The result of a scan: leaks, numbers of files and repositories, and what it could not read, with reasons."""

    leaks: list[Leak] = field(default_factory=list)
    files: int = 0
    repositories: int = 0
    unread: list[tuple[str, str]] = field(default_factory=list)

    def leave_out(self, path: Path, reason: str) -> None:
        self.unread.append((readable(path), readable(reason)))

    def to_json(self, webhooks: Mapping[str, WebhookRow], deactivated: Collection[str]) -> LeakReport:
        """The result as JSON, each leak with its webhook's event key and whether that webhook is in `deactivated`. `webhooks` are
        by uuid."""
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
    paths: Sequence[Path],
    uuids: Collection[str],
    *,
    history: bool = True,
    progress: Callable[[Scan], None] = lambda _: None,
    halt: Halt | None = None,
) -> Scan:
    """Look for `uuids` in the files below `paths` and, with `history`, in the git repositories there.

    `progress` is called after each file and repository. Nothing is changed; what cannot be read is reported and does not end the
    scan. FileNotFoundError for a path that does not exist; Halted soon after `halt` has ended it.
    """
    halt = halt or Halt()
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"there is no {path} to scan")
    finder, seen = Finder(uuids, halt), Scan()
    for path in paths:
        for file in files_below(path, halt):
            seen.files += 1
            try:
                seen.leaks.extend(_leaks_in_file(file, finder, seen))
            except OSError as error:
                seen.leave_out(file, error.strerror or str(error))
            progress(seen)
    roots = {found: path for path in paths for found in repositories_below(path, halt)} if history else {}
    for repository, root in roots.items():
        seen.repositories += 1
        try:
            for leak in leaks_in_history(repository, root, finder, partial(seen.leave_out, repository), halt):
                seen.leaks.append(leak)
        except (HistoryError, OSError) as error:
            seen.leave_out(repository, str(error))
        halt.check()  # git may have been killed: that is not a corrupt repository
        progress(seen)
    return seen


def _leaks_in_file(file: Path, finder: Finder, seen: Scan) -> Iterator[Leak]:
    with open_regular(file) as opened:
        reader = Bounded(opened)
        for line, uuid in finder.find_lines(reader):
            yield Leak(uuid, readable(file), line)
        if reader.is_cut_off:
            seen.leave_out(file, f"only its first {MAX_BYTES // 1024**3} GiB were read")
