"""Drives: files of users, below one root with a folder for each of them. The root is a folder of this machine, or a storage that
fsspec reaches.

A name of a file may come from a stranger. So paths are checked (`records/drive_path`), and a symbolic link that leads out of its
owner's folder is as good as missing.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from functools import partial
from mimetypes import guess_type
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, TypeVar

from pfnb.exceptions import (
    BusyError,
    MissingPackageError,
    NameTakenError,
    NotFoundError,
    OutboundError,
    ParameterError,
    PayloadTooLargeError,
    PfnbError,
)
from pfnb.hub.private import FILE_MODE, own_folder
from pfnb.hub.records.drive_path import Names, folder_of, names_in, path_of
from pfnb.language.media_types import OCTETS
from pfnb.language.sizes import size_in_full
from pfnb.rows.drive import DriveEntry

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

T = TypeVar("T")

MAX_READ = 32 * 1024 * 1024
MAX_FILES = 1_000
"""Bytes and number of all files that are read in one call."""
MAX_LISTED = 10_000
PART_SECONDS = 24 * 3600
PARTS = ".parts"
"""The folder beside those of the owners for files that are not yet complete."""


@dataclass(frozen=True, slots=True)
class ReadFile:
    """`name` is the path below the folder that was read."""

    name: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class _Found:
    names: Names
    place: str
    info: dict[str, Any]

    @property
    def is_folder(self) -> bool:
        return bool(self.info["type"] == "directory")

    @property
    def is_file(self) -> bool:
        return bool(self.info["type"] == "file")

    def to_json(self) -> DriveEntry:
        name = self.names[-1] if self.names else ""
        return {
            "name": name,
            "path": path_of(self.names),
            "type": "folder" if self.is_folder else "file",
            "contentType": None if self.is_folder else _type_of(name),
            "contentLength": None if self.is_folder else self.info.get("size"),
            "updated": _updated(self.info),
        }


class Drive:
    """`root` is a folder, or a URL of fsspec; `largest` the most bytes of a file that is written or read. All methods raise
    ParameterError for a path that is none, NotFoundError for what is missing, and BusyError for what the disk refuses. All work
    is done in threads."""

    def __init__(self, root: str, largest: int) -> None:
        self._root = root
        self._largest = largest
        self._opened: tuple[AbstractFileSystem, str, bool] | None = None

    async def read(self, owner: str, path: str) -> tuple[list[ReadFile], bool]:
        """A file, or all files of a folder, and whether it is one. PayloadTooLargeError for too much."""
        return await self._do(path, lambda files, names: files.read(names, self._largest), owner)

    async def list(
        self,
        owner: str,
        path: str,
        *,
        recursive: bool,
        include: str | None,
        kind: Literal["file", "folder"] | None,
    ) -> list[DriveEntry]:
        """What is in a folder, by path. `include` is a pattern for names, or for paths if it has a `/`."""

        def listing(files: _Files, names: Names) -> list[DriveEntry]:
            rows = [found.to_json() for found in files.below(names, recursive=recursive)]
            return [row for row in rows if kind in (None, row["type"]) and _fits(row, include)]

        return await self._do(path, listing, owner)

    async def exists(self, owner: str, path: str) -> bool:
        return await self._do(path, lambda files, names: files.find(names) is not None, owner)

    async def save(self, owner: str, path: str, pieces: AsyncIterator[bytes]) -> DriveEntry:
        """Write a file, with the folders that it needs; it replaces one of that name when all of it is there."""
        part = await self._do(path, lambda files, names: files.begin(names), owner)
        try:
            size = 0
            async for piece in pieces:
                size += len(piece)
                if size > self._largest:
                    raise PayloadTooLargeError(
                        f"{path} is too large: a file in the drive has at most {size_in_full(self._largest)}. The hub's owner "
                        "can raise that with --max-payload or PFNB_MAX_PAYLOAD.",
                        limit=self._largest,
                    )
                await _told(path, partial(part.write, piece))
            await _told(path, part.finish)
        except BaseException:
            await asyncio.shield(asyncio.to_thread(part.discard))
            raise
        return await self._do(path, lambda files, names: files.get(names).to_json(), owner)

    async def copy(self, owner: str, path: str, to: str) -> DriveEntry:
        """Copy a file or folder into the folder `to`, replacing files that are there."""
        inside = names_in(to)
        return await self._do(path, lambda files, names: files.copy(names, inside).to_json(), owner)

    async def move(self, owner: str, path: str, to: str) -> DriveEntry:
        """Move a file or folder into the folder `to`. NameTakenError if it has one of that name."""
        inside = names_in(to)
        return await self._do(path, lambda files, names: files.move(names, inside).to_json(), owner)

    async def delete(self, owner: str, path: str) -> bool:
        """Delete a file, or a folder with all that is in it; whether there was one."""
        return await self._do(path, lambda files, names: files.delete(names), owner)

    async def make_folder(self, owner: str, path: str, *, recurse: bool) -> DriveEntry:
        return await self._do(path, lambda files, names: files.make_folder(names, recurse=recurse).to_json(), owner)

    async def any(self, owner: str) -> bool:
        """Whether this owner has a file."""
        return await self._do("", lambda files, _: files.has_file(), owner)

    async def hand_over(self, owner: str, to: str) -> None:
        """Put all files into a folder of the new owner's drive, named like the former owner."""

        def move(files: _Files, _: Names) -> None:
            if files.has_file():
                files.hand_over(self._files(to), owner)
            files.remove_all()

        await self._do("", move, owner)

    async def remove(self, owner: str) -> None:
        """Delete all files of this owner."""
        await self._do("", lambda files, _: files.remove_all(), owner)

    async def _do(self, path: str, work: Callable[[_Files, Names], T], owner: str) -> T:
        names = names_in(path)
        return await _told(path or "/", lambda: work(self._files(owner), names))

    def _files(self, owner: str) -> _Files:
        """Called in a thread."""
        if self._opened is None:
            self._opened = _open(self._root)
        system, base, is_local = self._opened
        return _Files(system, base, owner, is_local)


def _open(root: str) -> tuple[AbstractFileSystem, str, bool]:
    try:
        from fsspec.core import url_to_fs
        from fsspec.implementations.local import LocalFileSystem

        system, base = url_to_fs(root)
    except (ImportError, ValueError) as error:
        raise MissingPackageError(f"the storage of the drive (PFNB_DRIVE) cannot be used: {error}") from None
    is_local = isinstance(system, LocalFileSystem)
    if is_local:
        _remove_old_parts(own_folder(Path(base)) / PARTS)
    return system, base.rstrip("/"), is_local


def _remove_old_parts(folder: Path) -> None:
    """Remove what a process has left that ended while it wrote. Another hub may be writing."""
    with suppress(OSError):
        for part in folder.iterdir():
            if part.stat().st_mtime < time.time() - PART_SECONDS:
                part.unlink()


class _Files:
    """The files of one owner. All methods block."""

    def __init__(self, system: AbstractFileSystem, base: str, owner: str, is_local: bool) -> None:
        self._system = system
        self._base = base
        self._home = f"{base}/{folder_of(owner)}"
        self._is_local = is_local
        system.invalidate_cache()

    def find(self, names: Names) -> _Found | None:
        """The file or folder. None if there is none, if it is a device or the like, or if a link to it leads out of the
        drive."""
        place = self._place(names)
        if place is None:
            return None
        try:
            info = self._system.info(place)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return _Found(names, place, info) if info["type"] in ("file", "directory") else None

    def get(self, names: Names) -> _Found:
        found = self.find(names)
        if found is None:
            if not names:
                return _Found(names, self._home, {"type": "directory"})
            raise _missing(names)
        return found

    def below(self, names: Names, *, recursive: bool) -> list[_Found]:
        """What is in a folder, by path; a file is listed alone. Links to folders are not followed."""
        start = self.get(names)
        if start.is_file:
            return [start]
        found: list[_Found] = []
        waiting = [names]
        while waiting:
            here = waiting.pop()
            for one, is_link in self._entries(here):
                found.append(one)
                if len(found) > MAX_LISTED:
                    raise PayloadTooLargeError(
                        f"{path_of(names) or '/'} has more than {MAX_LISTED:,} files and folders: list a folder in it"
                    )
                if recursive and one.is_folder and not is_link:
                    waiting.append(one.names)
        return sorted(found, key=lambda one: one.names)

    def _entries(self, names: Names) -> Iterator[tuple[_Found, bool]]:
        place = self._place(names)
        try:
            infos = [] if place is None else self._system.ls(place, detail=True)
        except FileNotFoundError:
            return
        for info in infos:
            name = info["name"].rstrip("/").rpartition("/")[2]
            inner = (*names, name)
            if not _is_text(name) or f"{place}/{name}" != info["name"].rstrip("/"):
                continue  # some storages list the folder itself
            is_link = bool(info.get("islink"))
            found = self.find(inner) if is_link else _Found(inner, f"{place}/{name}", info)
            if found is not None and (found.is_file or found.is_folder):
                yield found, is_link

    def read(self, names: Names, largest: int) -> tuple[list[ReadFile], bool]:
        start = self.get(names)
        if start.is_file:
            return [self._read(start, start.names[-1], largest)], False
        files = [one for one in self.below(names, recursive=True) if one.is_file]
        if len(files) > MAX_FILES:
            raise PayloadTooLargeError(
                f"{path_of(names) or '/'} has more than {MAX_FILES:,} files: read a folder in it"
            )
        read, left = [], MAX_READ
        for one in files:
            read.append(self._read(one, path_of(one.names[len(names) :]), min(left, largest)))
            left -= len(read[-1].data)
        return read, True

    def _read(self, found: _Found, name: str, most: int) -> ReadFile:
        with self._system.open(found.place, "rb") as file:
            data = file.read(most + 1)
        if len(data) > most:
            raise PayloadTooLargeError(
                f"{path_of(found.names)} is too large: a file may have {size_in_full(most)} here, and a folder "
                f"{size_in_full(MAX_READ)} in all",
                limit=most,
            )
        return ReadFile(name, _type_of(name), data)

    def begin(self, names: Names) -> _Part:
        """A file to be written, with the folders that it needs."""
        present = self.find(names)
        if not names or (present is not None and not present.is_file):
            raise ParameterError(f"{path_of(names) or '/'} is a folder: give the path of a file")
        place = self._room(names)
        parts = f"{self._base}/{PARTS}"
        if self._is_local:
            own_folder(Path(parts))
        else:
            self._system.makedirs(parts, exist_ok=True)
        return _Part(self._system, f"{parts}/{uuid.uuid4().hex}", place, self._is_local)

    def copy(self, names: Names, inside: Names) -> _Found:
        found, to = self._target(names, inside)
        copied = [found] if found.is_file else self.below(names, recursive=True)
        if found.is_folder:
            self._make(to)
        for one in copied:
            target = (*to, *one.names[len(names) :])
            present = self.find(target)
            if present is not None and present.is_folder != one.is_folder:
                raise NameTakenError(f"{path_of(target)} is already there, and not of the same type")
            if one.is_folder:
                self._make(target)
            else:
                self._system.cp_file(one.place, self._room(target))
        return self.get(to)

    def move(self, names: Names, inside: Names) -> _Found:
        found, to = self._target(names, inside)
        if self.find(to) is not None:
            raise NameTakenError(f"{path_of(to)} is already there: delete it first, or move to another folder")
        self._system.mv(found.place, self._room(to), recursive=found.is_folder)
        return self.get(to)

    def _target(self, names: Names, inside: Names) -> tuple[_Found, Names]:
        """The file or folder, and where it comes to in the folder `inside`."""
        if not names:
            raise ParameterError("the drive itself cannot be copied or moved: name a file or folder in it")
        found, to = self.get(names), (*inside, names[-1])
        if to[: len(names)] == names:
            raise ParameterError(f"{path_of(names)} cannot come to {path_of(to)}, which is itself or within it")
        return found, to

    def delete(self, names: Names) -> bool:
        if not names:
            raise ParameterError("this would delete the whole drive: name a file or folder in it")
        found = self.find(names)
        if found is None:
            return False
        if self._is_local and Path(self._home, *names).is_symlink():
            Path(self._home, *names).unlink()
        else:
            self._system.rm(found.place, recursive=found.is_folder)
        return True

    def make_folder(self, names: Names, *, recurse: bool) -> _Found:
        present = self.find(names)
        if present is not None and present.is_file:
            raise NameTakenError(f"{path_of(names)} is already there, as a file")
        if not recurse and len(names) > 1 and self.find(names[:-1]) is None:
            raise NotFoundError(
                f"there is no folder {path_of(names[:-1])} in the drive: create it first, or with recurse"
            )
        self._make(names)
        return _Found(names, self._home, {"type": "directory"}) if present is None else present

    def has_file(self) -> bool:
        waiting: list[Names] = [()]
        while waiting:
            for one, is_link in self._entries(waiting.pop()):
                if one.is_file:
                    return True
                if not is_link:
                    waiting.append(one.names)
        return False

    def hand_over(self, to: _Files, name: str) -> None:
        free = folder_of(name)
        number = 1
        while to.find((free,)) is not None:
            number += 1
            free = f"{folder_of(name)} {number}"
        self._system.mv(self._home, to._room((free,)), recursive=True)

    def remove_all(self) -> None:
        with suppress(FileNotFoundError):
            self._system.rm(self._home, recursive=True)

    def _make(self, names: Names) -> None:
        self._system.makedirs(self._room(names), exist_ok=True)

    def _room(self, names: Names) -> str:
        """Where to write it; the folder for it is there afterwards."""
        place = self._place(names)
        if place is None:
            raise _missing(names)
        for length in range(1, len(names)):
            present = self.find(names[:length])
            if present is not None and not present.is_folder:
                raise NameTakenError(f"{path_of(names[:length])} is a file, so nothing can be put into it")
        self._system.makedirs(place.rpartition("/")[0], exist_ok=True)
        return place

    def _place(self, names: Names) -> str | None:
        """The place in the storage. None if a link leads out of the drive."""
        place = "/".join((self._home, *names))
        if not self._is_local:
            return place
        home, real = os.path.realpath(self._home), os.path.realpath(place)
        return real if real == home or real.startswith(home + os.sep) else None


class _Part:
    """A file that is being written: elsewhere, so that it appears in its place as a whole."""

    def __init__(self, system: AbstractFileSystem, part: str, place: str, is_local: bool) -> None:
        self._system = system
        self._part = part
        self._place = place
        self._is_local = is_local
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        self._file: IO[bytes] = (
            os.fdopen(os.open(part, flags, FILE_MODE), "wb") if is_local else system.open(part, "wb")
        )

    def write(self, piece: bytes) -> None:
        self._file.write(piece)

    def finish(self) -> None:
        if self._is_local:
            self._file.flush()
            os.fsync(self._file.fileno())
        self._file.close()
        if self._is_local:
            Path(self._part).replace(self._place)
        else:
            self._system.mv(self._part, self._place)

    def discard(self) -> None:
        with suppress(Exception):  # the error that led here is the one to tell
            self._file.close()
        with suppress(Exception):
            self._system.rm(self._part)


async def _told(path: str, work: Callable[[], T]) -> T:
    """The work, done in a thread."""

    def tell() -> T:
        with _problems(path):
            return work()

    return await asyncio.to_thread(tell)


@contextmanager
def _problems(path: str) -> Iterator[None]:
    """Errors of the storage in words. What they say themselves may tell the storage's address and its password."""
    try:
        yield
    except PfnbError:
        raise
    except FileNotFoundError:
        raise NotFoundError(f"there is no {path} in the drive") from None
    except (IsADirectoryError, NotADirectoryError, FileExistsError):
        raise NameTakenError(
            f"{path}: there is a folder in the place of a file, or a file in the place of a folder"
        ) from None
    except (OSError, shutil.Error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        raise BusyError(f"the drive refuses {path}: {reason}") from None
    except Exception as error:
        raise OutboundError(f"the storage of the drive failed at {path} ({type(error).__name__})") from None


def _missing(names: Names) -> NotFoundError:
    return NotFoundError(f"there is no {path_of(names) or '/'} in the drive")


def _type_of(name: str) -> str:
    return guess_type(name)[0] or OCTETS


def _is_text(name: str) -> bool:
    return bool(name) and name.isprintable()


def _fits(row: DriveEntry, include: str | None) -> bool:
    return include is None or fnmatchcase(row["path"] if "/" in include else row["name"], include.lstrip("/"))


def _updated(info: dict[str, Any]) -> int | None:
    """Each storage names it in its own way."""
    found = next(
        (info[key] for key in ("mtime", "LastModified", "last_modified", "updated", "created") if info.get(key)), None
    )
    if isinstance(found, datetime):
        found = found.timestamp()
    return int(found * 1000) if isinstance(found, int | float) else None
