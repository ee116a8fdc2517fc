"""A workspace: a folder whose `src` mirrors a hub's property store, and a record of what each hub already has."""

from __future__ import annotations

import base64
import hashlib
import json
import mimetypes
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from pfnb.exceptions import ParameterError
from pfnb.pi.names import checked_parts, write_below

MARK = ".pfnb"
THEIRS = ".pipeforce"
"""The folder by which PIPEFORCE's command line knows its workspaces. They work here as they are."""
SOURCE = "src"
_SETTINGS = "config.json"
_PUBLISHED = "published.json"
PIPELINE = "application/yaml;type=pipeline"
_TYPES = {
    ".pi.yaml": PIPELINE,
    ".json": "application/json",
    ".yaml": "application/yaml",
    ".txt": "text/plain",
    ".md": "text/markdown",
    ".html": "text/html",
    ".xml": "application/xml",
    ".csv": "text/csv",
    ".ftl": "text/x-freemarker",
    ".js": "text/javascript",
    ".py": "text/x-python",
    ".vue": "text/x-vue",
    ".bpmn": "application/bpmn+xml",
}
"""The types of files by extension. The first match counts."""
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_BASE64 = ";encoding=base64"
_EXTENSION = ";extension="
"""Part of the type of a file whose extension cannot be told from the rest of its type."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A file of the workspace as a property: `path` below the namespace, its type, and its value as text."""

    file: Path
    path: str
    type: str
    value: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(f"{self.type}\0{self.value}".encode()).hexdigest()


class Workspace:
    """`root` is the folder that `pi init` made, or a workspace of PIPEFORCE. ParameterError for a wrong `config.json` in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        settings = _settings(root)
        home = str(settings.get("propertiesHome") or SOURCE)
        self.source = root / home
        if home != SOURCE and not self.source.resolve().is_relative_to(root.resolve()):
            raise ParameterError(f"propertiesHome in {_SETTINGS} must be a folder of the workspace, not {self.source}")
        self.keeps_extensions = settings.get("deployWithExtension") is True
        """Whether the paths of properties have the extensions of their files."""

    @classmethod
    def around(cls, folder: Path) -> Workspace:
        """The workspace that contains this folder. ParameterError if there is none."""
        for root in (folder, *folder.parents):
            if (root / MARK).is_dir() or (root / THEIRS).is_dir():
                return cls(root)
        raise ParameterError(f"{folder} is not in a workspace: make one with `pi init`, or change to one")

    def files(self, pattern: str | None, folder: Path) -> list[Path]:
        """Files below `src` that match a pattern relative to `folder` (`*`, `**`); all without a pattern. ParameterError for a
        pattern that leads out of `src`, or matches nothing."""
        app = self.source / "global" / "app" / (pattern or ".")
        if pattern is not None and _NAME.fullmatch(pattern) and not (folder / pattern).exists() and app.is_dir():
            folder, pattern = app.parent, f"{pattern}/**"
        base, words = (self.source, "**") if pattern is None else _split(folder, pattern)
        if not base.resolve().is_relative_to(self.source.resolve()):
            raise ParameterError(f"{pattern} is outside of the workspace: only files below {self.source} are published")
        found = [base] if not words and base.is_file() else list(base.glob(words if words != "**" else "**/*"))
        inside = self.source.resolve()
        files = sorted(file for file in found if file.is_file())
        outside = next((file for file in files if not file.resolve().is_relative_to(inside)), None)
        if outside is not None:
            raise ParameterError(f"{outside} is a link that leads out of the workspace: only files in it are published")
        if not files:
            raise ParameterError(f"there is no file {pattern or 'to publish'} below {self.source}")
        return files

    def resource(self, file: Path) -> Resource:
        """The property for a file. ParameterError for a name that no property can have."""
        name = file.relative_to(self.source).as_posix()
        ending = next((ending for ending in _TYPES if name.endswith(ending)), file.suffix)
        path = name if self.keeps_extensions else name.removesuffix(ending)
        data = file.read_bytes()
        if ending in _TYPES:
            return Resource(file, path, _TYPES[ending], data.decode("utf-8"))
        guessed = mimetypes.guess_type(name)[0]
        try:
            kind, value = guessed if guessed and guessed.startswith("text/") else "text/plain", data.decode("utf-8")
        except UnicodeDecodeError:
            kind, value = f"{guessed or 'application/octet-stream'}{_BASE64}", base64.b64encode(data).decode()
        if ending and _ending(kind) != ending:
            kind += f"{_EXTENSION}{ending[1:]}"
        return Resource(file, path, kind, value)

    def file_of(self, path: str, kind: str) -> Path:
        """A property's file. ParameterError for a path that would lead out of the workspace."""
        *folders, name = checked_parts(short_path(path))
        ending = "" if self.keeps_extensions else _ending(kind)
        return self.source.joinpath(*folders, *checked_parts(name + ending))

    def published(self, hub: str) -> dict[str, str]:
        """Digests of what was published to this hub, by path."""
        digests: dict[str, str] = self._memory().get(hub, {})
        return digests

    def remember(self, hub: str, digests: dict[str, str]) -> None:
        file = self.root / MARK / _PUBLISHED
        write_below(self.root, self.root / MARK / ".gitignore", f"{_PUBLISHED}\n".encode())
        write_below(self.root, file, json.dumps({**self._memory(), hub: digests}, indent=1).encode())

    def _memory(self) -> dict[str, Any]:
        try:
            memory: dict[str, Any] = json.loads((self.root / MARK / _PUBLISHED).read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return memory


def create(folder: Path) -> Workspace:
    """Create a workspace, or return the existing one."""
    (folder / MARK).mkdir(parents=True, exist_ok=True)
    write_below(folder, folder / MARK / ".gitignore", f"{_PUBLISHED}\n".encode())
    (folder / SOURCE / "global" / "app").mkdir(parents=True, exist_ok=True)
    return Workspace(folder)


def _settings(root: Path) -> dict[str, Any]:
    for folder in (MARK, THEIRS):
        file = root / folder / _SETTINGS
        if file.is_file():
            try:
                found = json.loads(file.read_text("utf-8"))
            except ValueError as error:
                raise ParameterError(f"{file} is not JSON: {error}") from None
            if not isinstance(found, dict):
                raise ParameterError(f'{file} must be a map, such as {{"deployWithExtension": true}}')
            return found
    return {}


def _ending(kind: str) -> str:
    """The extension of a file of this type; empty if it cannot be told."""
    plain, found, written = kind.partition(_EXTENSION)
    if found:
        return f".{written}"
    plain = plain.replace(_BASE64, "")
    known = next((ending for ending, listed in _TYPES.items() if listed == plain), None)
    return known or mimetypes.guess_extension(plain) or ""


def short_path(path: str) -> str:
    """The path below its namespace, the usual form."""
    return path.split("/", 3)[3] if path.startswith("/pipeforce/") else path


def bytes_of(value: Any, kind: str) -> bytes:
    """A property's value as the bytes of its file."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    return base64.b64decode(text) if _BASE64 in kind else text.encode()


def twins(resources: Iterable[Resource]) -> dict[str, list[Resource]]:
    """Resources that would have the same path, since only their extensions differ."""
    by_path: dict[str, list[Resource]] = {}
    for resource in resources:
        by_path.setdefault(resource.path, []).append(resource)
    return {path: found for path, found in by_path.items() if len(found) > 1}


def _split(folder: Path, pattern: str) -> tuple[Path, str]:
    """Split a pattern into its folder and the rest, from the first wildcard on."""
    parts = PurePosixPath(pattern).parts
    fixed = next((number for number, part in enumerate(parts) if "*" in part or "?" in part), len(parts))
    base = folder.joinpath(*parts[:fixed])
    if fixed == len(parts):
        return base, "**" if base.is_dir() else ""
    return base, "/".join(parts[fixed:])
