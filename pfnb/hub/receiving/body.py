"""Where a body's bytes go while they arrive: into memory while it is small, else into a file of its own.

The file is written chunk by chunk and not read again here, so that a body costs memory only for its chunks.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from io import FileIO
from pathlib import Path

from pfnb.exceptions import BusyError
from pfnb.hub.receiving.request import Body

_CHUNK = 64 * 1024


class BodySink:
    """Takes a body's chunks in order. The folder must exist; a file in it belongs to this sink until `discard` or `finish`.

    A disk that refuses (full, read-only) is the hub's problem and not the caller's: `BusyError`.
    """

    __slots__ = ("_chunks", "_file", "_folder", "_memory", "_path", "size")

    def __init__(self, memory: int, folder: Path) -> None:
        self._memory = memory
        self._folder = folder
        self._chunks: list[bytes] = []
        self._file: FileIO | None = None
        self._path: Path | None = None
        self.size = 0

    def write(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if self._file is None and self.size <= self._memory:
            self._chunks.append(chunk)
            return
        try:
            if self._file is None:
                self._file = self._open()
                for kept in self._chunks:
                    _write(self._file, kept)
                self._chunks.clear()
            _write(self._file, chunk)
        except OSError as error:
            raise self._refused(error) from error

    def content(self) -> bytes:
        """All bytes so far. Reads the file back if there is one: only for bodies that must be parsed as a whole."""
        if self._file is None:
            if len(self._chunks) != 1:
                self._chunks = [b"".join(self._chunks)]
            return self._chunks[0]
        try:
            self._file.seek(0)
            return self._file.readall()
        except OSError as error:
            raise self._refused(error) from error

    def chunks(self) -> Iterator[bytes]:
        """The same in pieces, so that a large body is never in memory as a whole."""
        if self._file is None:
            yield from self._chunks
            return
        try:
            self._file.seek(0)
            while chunk := self._file.read(_CHUNK):
                yield chunk
        except OSError as error:
            raise self._refused(error) from error

    def finish(self) -> Body:
        """The whole body. When this returns, a file's bytes are on the disk (fsync), but maybe not its name in the folder."""
        if self._file is None:
            return Body(self.size, self.content(), None)
        try:
            os.fsync(self._file.fileno())
            self._file.close()
        except OSError as error:
            raise self._refused(error) from error
        return Body(self.size, None, self._path)

    def discard(self) -> None:
        """Discard everything, also after `finish`; may be called twice. Files that cannot be deleted now go at the next start."""
        self._chunks.clear()
        file, self._file = self._file, None
        path, self._path = self._path, None
        try:
            if path is not None:
                with suppress(OSError):
                    path.unlink(missing_ok=True)
        finally:
            if file is not None:
                file.close()

    def _open(self) -> FileIO:
        path = self._folder / secrets.token_hex(16)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        self._path = path
        return FileIO(descriptor, "r+")

    def _refused(self, error: OSError) -> BusyError:
        return BusyError(f"The hub cannot store a body of this size now ({error.strerror or type(error).__name__}).")


def _write(file: FileIO, data: bytes) -> None:
    """Unbuffered, in as many writes as needed: a full disk shows here, and not when the file is closed."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]
