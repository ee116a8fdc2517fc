"""Zip archives, packed and unpacked in memory. Zip bombs and path traversal are refused before unpacking."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterable, Iterator
from stat import S_ISLNK
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from pfnb.exceptions import ParameterError, PayloadTooLargeError

MAX_FILES = 1_000
MAX_SIZE = 32 * 1024 * 1024
"""Maximum total bytes of an archive's files, unpacked."""
MAX_RATIO = 200
SUSPICIOUS = 1024 * 1024
"""Files larger than this may not be compressed to less than 1/200."""


def pack(files: Iterable[tuple[str, bytes]], level: int | None) -> bytes:
    """An archive with these files at its root. Paths become flat names, duplicate names get a number."""
    buffer = io.BytesIO()
    taken: set[str] = set()
    with ZipFile(buffer, "w", ZIP_DEFLATED, compresslevel=level) as archive:
        for name, data in files:
            archive.writestr(_free(_flat(name), taken), data)
    return buffer.getvalue()


def unpack(data: bytes) -> list[tuple[str, bytes]]:
    """The files of an archive with their names in it. Raises ParameterError and PayloadTooLargeError."""
    try:
        with ZipFile(io.BytesIO(data)) as archive:
            entries = list(_accepted(archive.infolist()))
            return [(_normal(entry), archive.read(entry)) for entry in entries]
    except (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise ParameterError(f"this is not a readable zip archive: {error}") from None


def _accepted(entries: list[ZipInfo]) -> Iterator[ZipInfo]:
    if len(entries) > MAX_FILES:
        raise PayloadTooLargeError(f"the archive has {len(entries):,} entries, but at most {MAX_FILES:,} are accepted")
    if sum(entry.file_size for entry in entries) > MAX_SIZE:
        raise PayloadTooLargeError(f"unpacked, the archive has more than {MAX_SIZE:,} bytes, the most that is accepted")
    for entry in entries:
        if problem := _problem(entry):
            raise ParameterError(f"the archive's entry {entry.filename[:100]!r} {problem}")
        if not entry.is_dir():
            yield entry


def _problem(entry: ZipInfo) -> str | None:
    name = _normal(entry)
    if name.startswith("/") or ".." in name.split("/") or ":" in name.split("/")[0] or "\x00" in name:
        return "leads out of the archive"
    if S_ISLNK(entry.external_attr >> 16):
        return "is a link"
    if entry.flag_bits & 1:
        return "is encrypted"
    if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        return "is compressed in an unusual way"
    if entry.file_size > SUSPICIOUS and entry.file_size > entry.compress_size * MAX_RATIO:
        return f"grows to more than {MAX_RATIO} times its size"
    return None


def _normal(entry: ZipInfo) -> str:
    return entry.filename.replace("\\", "/")


def _flat(name: str) -> str:
    flat = "".join("_" if character in '/\\:"*?<>|' or ord(character) < 32 else character for character in name)
    return flat if flat.strip(". ") else "file"


def _free(name: str, taken: set[str]) -> str:
    stem, dot, suffix = name.rpartition(".")
    number, free = 1, name
    while free.lower() in taken:
        number += 1
        free = f"{stem} ({number}){dot}{suffix}" if stem else f"{name} ({number})"
    taken.add(free.lower())
    return free
