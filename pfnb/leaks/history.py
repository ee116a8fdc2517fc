"""Scans the history of a git repository: every object once, whether a branch, a reflog or nothing refers to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from pfnb.leaks.finder import Finder
from pfnb.leaks.halt import Halt
from pfnb.leaks.leak import Leak, readable
from pfnb.leaks.objects import Broken, Ids, changes, contents, ids_of, kinds, list_objects
from pfnb.leaks.repository import Git, find_repository, git_over

_Places = list[tuple[int, str]]
"""Line and uuid of each place in one object."""
_MESSAGE = "commit message"
_AT_ONCE = 1000
"""The most objects in one call of git: the length of a command line is limited."""
_HEAD = 64 * 1024
_SHOWN = 5


def leaks_in_history(
    folder: Path, root: Path, finder: Finder, unread: Callable[[str], None], halt: Halt
) -> Iterator[Leak]:
    """One leak per secret and path, with the oldest commit that has it.

    `root` is the scanned folder. `unread` is called for what cannot be read; the rest is scanned. HistoryError if nothing can be
    read.
    """
    repository = find_repository(folder, root)
    for problem in repository.problems:
        unread(problem)
    broken = Broken()
    with git_over(repository, halt) as git, ids_of() as everything, ids_of() as texts, ids_of() as commits:
        try:
            list_objects(git, everything)
            for sha, kind in kinds(git, everything, broken):
                if kind != "tree":
                    texts.add(sha.encode())
                if kind == "commit":
                    commits.add(sha.encode())
            yield from _leaks(git, texts, commits, readable(folder), finder, broken)
        finally:
            if broken.ids:
                unread(_described(list(dict.fromkeys(broken.ids))))


def _leaks(git: Git, texts: Ids, commits: Ids, repository: str, finder: Finder, broken: Broken) -> Iterator[Leak]:
    messages: dict[str, _Places] = {}
    files: dict[str, _Places] = {}
    for sha, kind, reader in contents(git, texts, broken):
        places = list(finder.find_lines(reader))
        if places:
            (files if kind == "blob" else messages)[sha] = places
    found: dict[tuple[str, str], Leak] = {}
    for sha, (path, commit) in _first_places(git, commits, list(files), broken).items():
        for line, uuid in files[sha]:
            found.setdefault((uuid, path), Leak(uuid, path, line, repository, commit))
    yield from found.values()
    for sha, places in messages.items():
        yield from (Leak(uuid, _MESSAGE, line, repository, sha) for line, uuid in places)


def _first_places(git: Git, commits: Ids, files: list[str], broken: Broken) -> dict[str, tuple[str, str | None]]:
    """Path and commit of the first appearance of each file, oldest first; for a file that is in no commit, its id and None."""
    if not files:
        return {}
    first: dict[str, tuple[str, str | None]] = {}
    wanted = set(files)
    with ids_of(sha.encode() for sha in _oldest_first(git, commits, broken)) as ordered:
        for start in range(0, len(files), _AT_ONCE):
            for commit, sha, path in changes(git, ordered, files[start : start + _AT_ONCE], broken):
                if sha in wanted:
                    first.setdefault(sha, (readable(path), commit))
    return {**first, **{sha: (sha, None) for sha in files if sha not in first}}


def _oldest_first(git: Git, commits: Ids, broken: Broken) -> list[str]:
    """The commits, parents first."""
    parents: dict[str, list[str]] = {}
    for sha, _, reader in contents(git, commits, broken):
        head = reader.read(_HEAD).partition(b"\n\n")[0].split(b"\n")
        parents[sha] = [line[7:].decode("ascii", "replace") for line in head if line.startswith(b"parent ")]
    try:
        return [sha for sha in TopologicalSorter(parents).static_order() if sha in parents]
    except CycleError:  # only an attacker makes commits like that
        return list(parents)


def _described(ids: list[str]) -> str:
    shown = ", ".join(ids[:_SHOWN]) + (", …" if len(ids) > _SHOWN else "")
    return f"corrupt: {shown}" if len(ids) == 1 else f"{len(ids):,} objects are corrupt: {shown}"
