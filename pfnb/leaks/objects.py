"""Reads the objects of a repository one by one. git exits at a corrupt object; it is restarted after that one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import IO

from pfnb.leaks.repository import Git, HistoryError

MAX_BROKEN = 1_000
"""The most corrupt objects in a repository: git is restarted for each."""
_PIECE = 1024 * 1024


class Broken:
    """The objects that could not be read."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    def add(self, sha: str) -> None:
        """HistoryError if there are too many."""
        self.ids.append(sha)
        if len(self.ids) > MAX_BROKEN:
            raise HistoryError(f"more than {MAX_BROKEN:,} of its objects are corrupt: the rest was not read")


class Ids:
    """Ids of objects in a file, one per line: a repository may have more than fit in memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._width = 0
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, sha: bytes) -> None:
        self._width = self._file.write(sha + b"\n")
        self._count += 1

    def at(self, number: int) -> str:
        self._file.seek(number * self._width)
        return self._file.read(self._width - 1).decode()

    def starting_at(self, number: int) -> IO[bytes]:
        """The file, to be read by another process from there on."""
        self._file.flush()
        os.lseek(self._file.fileno(), number * self._width, os.SEEK_SET)
        return self._file


@contextmanager
def ids_of(shas: Iterable[bytes] = ()) -> Iterator[Ids]:
    """Ids in a temporary file."""
    with tempfile.TemporaryFile() as file:
        ids = Ids(file)
        for sha in shas:
            ids.add(sha)
        yield ids


class Object:
    """One object in the stream of `git cat-file --batch`."""

    def __init__(self, stream: IO[bytes], size: int) -> None:
        self._stream = stream
        self._left = size

    def read(self, size: int, /) -> bytes:
        data = self._stream.read(min(size, self._left))
        self._left -= len(data)
        return data

    def skip(self) -> bool:
        """Skip to the end, past the line break after it. Returns whether the object was complete."""
        while self._left and self.read(_PIECE):
            pass
        return self._stream.read(1) == b"\n"


class _Done:
    """Counts the ids that are done."""

    count = 0


def list_objects(git: Git, everything: Ids) -> None:
    """All objects, including unreachable ones."""
    listing = git.start("cat-file", "--batch-all-objects", "--unordered", "--batch-check=%(objectname)")
    assert listing.stdout is not None, "git writes to a pipe"
    with listing:
        for line in listing.stdout:
            everything.add(line.strip())
    if listing.returncode != 0:
        raise HistoryError(f"git cannot list its objects (it ended with {listing.returncode})")


def kinds(git: Git, ids: Ids, broken: Broken) -> Iterator[tuple[str, str]]:
    """Id and type of each object."""
    for done in _until_done(ids, broken):
        with git.start("cat-file", "--batch-check", "--buffer", stdin=ids.starting_at(done.count)) as checking:
            assert checking.stdout is not None, "git writes to a pipe"
            for line in checking.stdout:
                done.count += 1
                sha, kind, *_ = line.decode().split()
                if kind == "missing":
                    broken.add(sha)
                else:
                    yield sha, kind


def contents(git: Git, ids: Ids, broken: Broken) -> Iterator[tuple[str, str, Object]]:
    """Id, type and content of each object; read each content before asking for the next."""
    for done in _until_done(ids, broken):
        with git.start("cat-file", "--batch", "--buffer", stdin=ids.starting_at(done.count)) as reading:
            assert reading.stdout is not None, "git writes to a pipe"
            while head := reading.stdout.readline().decode().split():
                done.count += 1
                if len(head) != 3:
                    broken.add(head[0])
                    continue
                content = Object(reading.stdout, int(head[2]))
                yield head[0], head[1], content
                if not content.skip():
                    broken.add(head[0])


def changes(git: Git, commits: Ids, wanted: Collection[str], broken: Broken) -> Iterator[tuple[str, str, str]]:
    """Commit, file id and path, for each of the `wanted` files that a commit adds or removes."""
    words = ("diff-tree", "--stdin", "--always", "--root", "-m", "-r", "-z", "--raw", "--no-abbrev", "--no-renames")
    finding = [f"--find-object={sha}" for sha in wanted]
    for done in _until_done(commits, broken):
        commit = ""
        with git.start(*words, *finding, stdin=commits.starting_at(done.count)) as comparing:
            assert comparing.stdout is not None, "git writes to a pipe"
            fields = _fields(comparing.stdout)
            for field in fields:
                if field.startswith(b":"):
                    yield commit, field.split()[3].decode(), next(fields, b"").decode("utf-8", "replace")
                elif (named := field.split()[0].decode()) != commit:  # a merge appears once per parent
                    commit = named
                    done.count += 1


def _until_done(ids: Ids, broken: Broken) -> Iterator[_Done]:
    """One turn per start of git, until all ids are done. An object at which git exits without output is broken."""
    done = _Done()
    while done.count < len(ids):
        begun = done.count
        yield done
        if done.count == begun:
            broken.add(ids.at(begun))
            done.count += 1


def _fields(stream: IO[bytes]) -> Iterator[bytes]:
    """The fields of a NUL-separated stream."""
    kept = b""
    while data := stream.read(_PIECE):
        *whole, kept = (kept + data).split(b"\0")
        yield from (field for field in whole if field.strip())
    if kept.strip():
        yield kept
