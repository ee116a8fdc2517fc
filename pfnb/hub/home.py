"""A hub's home: where its data lives, the lock that keeps other hubs out, and the one place where its parts are put together."""

from __future__ import annotations

import errno
import os
import secrets
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pfnb.exceptions import BusyError, StartError
from pfnb.hub.brokers.local import LocalBroker
from pfnb.hub.hub import Hub
from pfnb.hub.keeping.secrets_key import KeptKey, new_key
from pfnb.hub.past.retention import Keep
from pfnb.hub.people.identity import default_owner
from pfnb.hub.private import FILE_MODE, FOLDER_MODE, own_folder, private_file
from pfnb.hub.receiving.request import Limits
from pfnb.hub.scans import ScanPlan
from pfnb.hub.secret_file import SIZE, kept_secret
from pfnb.hub.settings import Settings
from pfnb.hub.stores.memory.store import MemoryStore
from pfnb.hub.stores.store import Store
from pfnb.hub.troubles import os_error
from pfnb.leaks.folders import DATABASE

if TYPE_CHECKING:
    from filelock import FileLock

NO_LOCKS = frozenset({errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK})
"""Error numbers of a file system without locks."""


@dataclass(frozen=True, slots=True)
class HubOptions:
    """How to start a hub. Without `data_dir` everything is in memory and ends with the process; without `owner` the owner is
    the user who runs this."""

    data_dir: Path | None = None
    limits: Limits = field(default_factory=Limits)
    public_url: str | None = None
    owner: str = ""
    keep: Keep = field(default_factory=Keep)
    scan: ScanPlan = field(default_factory=ScanPlan)


class Home:
    """BusyError when another hub lives in the data directory, StartError when it cannot be used."""

    def __init__(self, options: HubOptions) -> None:
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._lock: FileLock | None = None
        try:
            self._move_in(options)
        except OSError as error:
            self._leave()
            raise os_error(options.data_dir or Path(tempfile.gettempdir()), error) from None
        except BaseException:
            self._leave()
            raise

    def _move_in(self, options: HubOptions) -> None:
        if options.data_dir is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="pfnb-", ignore_cleanup_errors=True)
            folder = Path(self._temporary.name)
        else:
            folder = own_folder(options.data_dir)
            self._lock = locked(folder)
        bodies = own_folder(folder / "bodies")
        bodies.chmod(FOLDER_MODE)
        self.folder = folder
        self.hub = Hub(
            store_of(options, folder, bodies),
            LocalBroker(),
            Settings(
                bodies,
                options.limits,
                public_url=options.public_url,
                keep=options.keep,
                scan=options.scan,
                owner=options.owner or default_owner(),
                drive=os.environ.get("PFNB_DRIVE", "").strip() or str(folder / "drive"),
                audit=None if options.data_dir is None else folder,
                secrets_key=new_key() if options.data_dir is None else KeptKey(folder),
                secret=secrets.token_bytes(SIZE) if options.data_dir is None else kept_secret(folder),
            ),
        )

    async def open(self) -> None:
        try:
            await self.hub.open()
        except BaseException:
            self._leave()
            raise

    async def close(self) -> None:
        await self.hub.close()
        self._leave()

    def _leave(self) -> None:
        if self._lock is not None:
            self._lock.release()
        if self._temporary is not None:
            # Not in a thread: a kernel may close its hub while the interpreter exits, when no more threads start.
            self._temporary.cleanup()


def store_of(options: HubOptions, folder: Path, bodies: Path) -> Store:
    """The store that these options ask for; what it keeps in files goes into `folder`."""
    if options.data_dir is None:
        return MemoryStore()
    # Imported lazily: a hub in a kernel rarely needs it, and it is half of the time that `%load_ext` takes.
    from pfnb.hub.stores.sql.store import SqlStore
    from pfnb.hub.stores.sqlite.dialect import Sqlite

    return SqlStore(Sqlite(folder / DATABASE), bodies)


def locked(folder: Path) -> FileLock:
    """The lock of a data directory. BusyError when another process has it, StartError where its file system has no locks."""
    # Imported lazily, as the store is: a hub in memory locks nothing.
    from filelock import FileLock, Timeout

    # thread_local=False: a server that waits for the lock asks from several threads.
    file = private_file(folder / "lock")
    lock = FileLock(file, timeout=0, mode=FILE_MODE, thread_local=False)
    try:
        _try_locks(file)
        lock.acquire()
    except Timeout:
        raise BusyError(f"another hub is using {folder}: stop it, or choose another data directory") from None
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        raise StartError(
            f"{folder} is on a file system without locks ({error.strerror}), where two hubs could write the same database: "
            "choose a data directory on a local disk (--data-dir, or PFNB_DATA_DIR)"
        ) from None
    return lock


def _try_locks(file: Path) -> None:
    """Raise OSError where files cannot be locked. FileLock would fall back to a file that stays when a hub is killed."""
    if sys.platform == "win32":
        return
    import fcntl

    with file.open("rb") as opened:
        fcntl.flock(opened, fcntl.LOCK_UN)
