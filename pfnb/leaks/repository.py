"""A repository that a stranger may have made: where its objects are, and git over these objects alone.

A repository's configuration can make git run programs: to check signatures, to compare files, to watch for changes. So git never
runs in a scanned repository. It runs in a temporary one, which has only links to the objects.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pfnb.environment import for_children
from pfnb.leaks.folders import GIT, open_regular
from pfnb.leaks.halt import Halt

_SMALL = 64 * 1024
_FOLDERS = ("pack", *(f"{number:02x}" for number in range(256)))
"""The folders of objects. `info` is left out: it may refer to other repositories, or to wrong caches."""
_SHA256 = re.compile(r"^\s*objectformat\s*=\s*\"?sha256", re.IGNORECASE | re.MULTILINE)
_HEAD = re.compile(r"ref: *refs/|[0-9a-f]{40}")
_SHALLOW = re.compile(r"^[0-9a-f]{40,64}\n", re.MULTILINE)
_CONFIG = """[core]
bare = true
repositoryFormatVersion = 1
multiPackIndex = false
commitGraph = false
bigFileThreshold = 1m
[extensions]
objectFormat = {}
"""
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ALLOC_LIMIT": "512m",
    "LC_ALL": "C",
}
"""A scan only reads: git must not fetch, prompt or lock, and its memory per object is bounded."""


class HistoryError(Exception):
    """git is missing, or this is not a readable repository; the text says why."""


@dataclass(frozen=True, slots=True)
class Repository:
    """`objects` is its folder of objects, `git_folder` git's common directory; `problems` says what is left out."""

    git_folder: Path
    objects: Path
    problems: tuple[str, ...] = ()


def find_repository(folder: Path, root: Path) -> Repository:
    """The repository of a folder that has a `.git` or is one. HistoryError if it is not a repository, or has objects elsewhere.

    Objects elsewhere are accepted only below `root`, the scanned folder, in a repository that contains the folder (as with
    submodules), or in one that lists this folder as its own (as with worktrees).
    """
    try:
        return _found(folder, root)
    except (OSError, ValueError, RuntimeError) as error:  # invalid file names, circular links
        raise HistoryError(f"not a git repository: {error}") from error


def _found(folder: Path, root: Path) -> Repository:
    named = _git_folder(folder)
    common = _text(named / "commondir").strip()
    git_folder = named / common if common else named
    objects = (git_folder / "objects").resolve()
    if not objects.is_dir():
        raise HistoryError("not a git repository: it has no folder of objects")
    homes = [root.resolve(), *(parent / GIT for parent in (folder.resolve(), *folder.resolve().parents))]
    if not any(objects.is_relative_to(home) for home in homes) and not _is_work_folder(folder, named, objects):
        raise HistoryError(f"its history is elsewhere, in {objects.parent}, which is not linked to it: scan that, too")
    problems = []
    if not _HEAD.match(_text(named / "HEAD")):
        problems.append("not a git repository that git can use: its HEAD is broken")
    if os.path.lexists(objects / "info" / "alternates"):
        problems.append("it shares objects of other repositories (objects/info/alternates): scan those, too")
    return Repository(git_folder, objects, tuple(problems))


class Git:
    """git in a temporary repository, `folder`, that has links to the objects of another one. Only one git runs at a time."""

    def __init__(self, folder: Path, halt: Halt) -> None:
        self.folder = folder
        self._halt = halt
        inherited = {name: value for name, value in for_children(os.environ).items() if not name.startswith("GIT_")}
        self._environment = {**inherited, **_ENVIRONMENT, "GIT_DIR": os.fspath(folder)}

    def start(self, *words: str, stdin: IO[bytes] | int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        """git with its output in a pipe. HistoryError where it cannot be started; Halted if the scan has been ended."""
        self._halt.check()
        try:
            git = subprocess.Popen(  # noqa: S603 - fixed words
                ["git", *words],  # noqa: S607 - the git that the user uses
                cwd=self.folder,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # git would block on a pipe that nobody reads
                env=self._environment,
            )
        except OSError as error:
            raise HistoryError(f"git cannot be started: {error.strerror}") from error
        self._halt.waits_for(git)
        return git


@contextmanager
def git_over(repository: Repository, halt: Halt) -> Iterator[Git]:
    """git over the objects of a repository until the block ends."""
    with tempfile.TemporaryDirectory(prefix="pfnb-scan-") as name:
        folder = Path(name)
        (folder / "refs").mkdir()
        (folder / "HEAD").write_text("ref: refs/heads/none\n")
        kind = "sha256" if _SHA256.search(_text(repository.git_folder / "config")) else "sha1"
        (folder / "config").write_text(_CONFIG.format(kind))
        (folder / "shallow").write_text("".join(_SHALLOW.findall(_text(repository.git_folder / "shallow"))))
        for part in _FOLDERS:
            _link_files(repository.objects / part, folder / "objects" / part)
        yield Git(folder, halt)


def _link_files(source: Path, target: Path) -> None:
    """Link the regular files of a folder only: git would wait for a pipe for ever."""
    target.mkdir(parents=True)
    try:
        with os.scandir(source) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    (target / entry.name).symlink_to(entry.path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise HistoryError(f"{source}: {error.strerror or error}") from error


def _git_folder(folder: Path) -> Path:
    """The target of a folder's `.git`; the folder itself if it is a bare repository."""
    entry = folder / GIT
    if entry.is_dir():
        return entry
    if not os.path.lexists(entry):
        return folder
    prefix, _, named = _text(entry).partition(":")
    if prefix != "gitdir" or not named.strip():
        raise HistoryError("not a git repository: its .git is neither a folder nor a file that names one")
    return folder / named.strip()


def _is_work_folder(folder: Path, named: Path, objects: Path) -> bool:
    """Whether the repository lists this folder as one of its worktrees."""
    back = _text(named / "gitdir").strip()
    is_inside = named.resolve().parent.parent == objects.parent
    return bool(back) and is_inside and (named / back).resolve() == (folder / GIT).resolve()


def _text(file: Path) -> str:
    """A small file's text, empty if there is none."""
    try:
        with open_regular(file) as opened:
            return opened.read(_SMALL).decode("utf-8", "surrogateescape")
    except (OSError, ValueError):
        return ""
