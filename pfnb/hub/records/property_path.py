"""Paths of properties, and patterns over them: `*` is a part of a name, `?` a character, `**` any number of names;
`app**` is short for `app*/**`."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence

from pfnb.exceptions import ParameterError

ROOT = "/pipeforce/"
MAX_PATH = 500
ANY = "**"
_WILDCARD = re.compile(r"[*?]")
_REFUSED = re.compile(r'[\\<>"|:\x00-\x1f\x7f\ud800-\udfff]')


def absolute_path(path: str, namespace: str) -> str:
    """`global/app/x` as `/pipeforce/<namespace>/global/app/x`. ParameterError for an invalid path in this namespace."""
    if _WILDCARD.search(path):
        raise ParameterError(f"{_shown(path)} is a pattern: write a single path")
    return _absolute(path, namespace)


def relative_path(path: str, namespace: str) -> str:
    """The inverse."""
    return path.removeprefix(f"{ROOT}{namespace}/")


class PathPattern:
    """A pattern, or a path, which matches itself. Every match begins with `prefix`."""

    def __init__(self, pattern: str, namespace: str) -> None:
        whole = _absolute(pattern, namespace)
        names = [part for name in whole.split("/") for part in _parts(name)]
        first = next((place for place, name in enumerate(names) if _WILDCARD.search(name)), len(names))
        self.is_path = first == len(names)
        self.prefix = whole if self.is_path else "/".join(names[:first]) + "/"
        self.fixed = first - len(f"{ROOT}{namespace}".split("/"))
        """How many names below the namespace are fixed."""
        self._rest = [_segment(name) for place, name in enumerate(names[first:]) if not _repeated(names[first:], place)]

    def matches(self, path: str) -> bool:
        if self.is_path or not path.startswith(self.prefix):
            return path == self.prefix
        return _match(self._rest, path[len(self.prefix) :].split("/"))


def _absolute(path: str, namespace: str) -> str:
    home = f"{ROOT}{namespace}/"
    if path.startswith("/") and not path.startswith(home):
        raise ParameterError(
            f"{_shown(path)} is outside the namespace {namespace}: write a path such as global/app/demo/config, "
            f"or one that begins with {home}"
        )
    whole = path if path.startswith(home) else home + path
    names = whole.removeprefix(home).split("/")
    if any(name.strip() in ("", ".", "..") for name in names):
        raise ParameterError(f"{_shown(path)} contains an empty name, . or ..")
    if len(whole) > MAX_PATH or _REFUSED.search(whole):
        raise ParameterError(
            f'{_shown(path)} is not a valid path: use at most {MAX_PATH} characters, without \\ < > " | :'
        )
    return whole


def _parts(name: str) -> list[str]:
    """`app**` means all names that begin with `app`, and all below them."""
    return [name[:-1], ANY] if name.endswith(ANY) and name != ANY else [name]


def _repeated(names: Sequence[str], place: int) -> bool:
    return names[place] == ANY and place > 0 and names[place - 1] == ANY


def _segment(name: str) -> re.Pattern[str] | None:
    """None means any number of names. The standard library's translation takes no exponential time."""
    return None if name == ANY else re.compile(fnmatch.translate(name.replace("[", "[[]")))


def _match(pattern: list[re.Pattern[str] | None], names: list[str]) -> bool:
    """Walk the pattern, keeping all positions in the path that are possible so far."""
    possible = {0}
    for part in pattern:
        if part is None:
            possible = set(range(min(possible), len(names) + 1))
        else:
            possible = {at + 1 for at in possible if at < len(names) and part.match(names[at])}
        if not possible:
            return False
    return len(names) in possible


def _shown(path: str) -> str:
    return repr(path if len(path) <= 80 else f"{path[:79]}…")
