"""The history of a git repository, as a scan reads it: every object once, whichever branch, tag or reflog still knows it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from pfnb.leaks.finder import Finder
from pfnb.leaks.leak import Leak

_Places = list[tuple[int, str]]
"""Line and uuid of each place in one object."""
_MESSAGE = "commit message"
_AT_ONCE = 1000
"""Objects asked for in one call of git: a command line has an end."""
_ENVIRONMENT = {"GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
"""A scan only reads: git shall fetch nothing, ask nobody and lock nothing."""


class HistoryError(Exception):
    """git is missing, or cannot read this repository; the text says why."""


def leaks_in_history(repository: Path, finder: Finder) -> Iterator[Leak]:
    """One leak for each secret and path, with the oldest commit that has it there. HistoryError where git fails."""
    names: dict[str, str] = {}
    messages: dict[str, _Places] = {}
    files: dict[str, _Places] = {}
    with tempfile.TemporaryFile() as objects:
        _list_objects(repository, objects, names)
        objects.seek(0)
        for sha, kind, reader in _contents(repository, objects):
            places = list(finder.find_lines(reader))
            if places:
                (files if kind == "blob" else messages)[sha] = places
    commits: dict[str, str | None] = dict(_first_commits(repository, list(files)))
    for sha in files:
        commits.setdefault(sha, None)  # a tag may name a file that is in no commit
    found: dict[tuple[str, str], Leak] = {}
    for sha, commit in commits.items():
        path = names.get(sha, sha)
        for line, uuid in files[sha]:
            found.setdefault((uuid, path), Leak(uuid, path, line, str(repository), commit))
    yield from found.values()
    for sha, places in messages.items():
        yield from (Leak(uuid, _MESSAGE, line, str(repository), sha) for line, uuid in places)


def _list_objects(repository: Path, objects: IO[bytes], names: dict[str, str]) -> None:
    listing = _git(repository, "rev-list", "--objects", "--all", "--reflog")
    assert listing.stdout is not None, "git writes to a pipe"
    with listing:
        for line in listing.stdout:
            sha, _, name = line.rstrip(b"\n").partition(b" ")
            objects.write(sha + b"\n")
            if name:
                names[sha.decode()] = name.decode("utf-8", "replace")
        _check(listing)


def _contents(repository: Path, objects: IO[bytes]) -> Iterator[tuple[str, str, _Object]]:
    """Id, type and content of each object but trees; a content is read before the next is asked for."""
    reading = _git(repository, "cat-file", "--batch", "--buffer", stdin=objects)
    assert reading.stdout is not None, "git writes to a pipe"
    with reading:
        while head := reading.stdout.readline():
            sha, kind, size = head.decode().split()
            content = _Object(reading.stdout, int(size))
            if kind != "tree":
                yield sha, kind, content
            content.skip()
        _check(reading)


class _Object:
    """One object in the stream of `git cat-file --batch`."""

    def __init__(self, stream: IO[bytes], size: int) -> None:
        self._stream = stream
        self._left = size

    def read(self, size: int, /) -> bytes:
        data = self._stream.read(min(size, self._left))
        self._left -= len(data)
        return data

    def skip(self) -> None:
        """To the end, and over the line break behind it."""
        while self._left and self.read(1024 * 1024):
            pass
        self._stream.read(1)


def _first_commits(repository: Path, blobs: list[str]) -> dict[str, str]:
    """The commit in which each of these files first stood, oldest first; what no commit has is left out."""
    first: dict[str, str] = {}
    for start in range(0, len(blobs), _AT_ONCE):
        wanted = [f"--find-object={sha}" for sha in blobs[start : start + _AT_ONCE]]
        order = ("--all", "--reflog", "--topo-order", "--reverse")
        log = _git(repository, "log", *order, "--raw", "--no-abbrev", "-m", "--format=%H", *wanted)
        assert log.stdout is not None, "git writes to a pipe"
        commit = ""
        with log:
            for line in log.stdout:
                if line.startswith(b":"):
                    first.setdefault(line.split(maxsplit=4)[3].decode(), commit)
                else:
                    commit = line.decode().strip() or commit
            _check(log)
    wanted_ones = set(blobs)
    return {sha: commit for sha, commit in first.items() if sha in wanted_ones}


def _git(repository: Path, *words: str, stdin: IO[bytes] | int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 - fixed words; the repository is a folder the caller named
            ["git", "-C", os.fspath(repository), *words],  # noqa: S607 - the git that the user uses
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **_ENVIRONMENT},
        )
    except OSError as error:
        raise HistoryError(f"git cannot be started: {error.strerror}") from error


def _check(process: subprocess.Popen[bytes]) -> None:
    assert process.stderr is not None, "git writes to a pipe"
    words = process.stderr.read().decode("utf-8", "replace").strip()
    if process.wait() != 0:
        raise HistoryError(words.splitlines()[0] if words else f"git ended with {process.returncode}")
