"""A hub's home: where its data lives, that no other hub lives there, and the one place where its parts are put together."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pfnb.exceptions import BusyError
from pfnb.hub.brokers.local import LocalBroker
from pfnb.hub.hub import Hub, Settings
from pfnb.hub.identity import default_owner
from pfnb.hub.request import Limits
from pfnb.hub.retention import Keep
from pfnb.hub.scans import ScanPlan
from pfnb.hub.stores.memory import MemoryStore
from pfnb.hub.stores.store import Store
from pfnb.leaks.folders import DATABASE

if TYPE_CHECKING:
    from filelock import FileLock


@dataclass(frozen=True, slots=True)
class HubOptions:
    """How to start a hub. Without `data_dir` everything is in memory and ends with the process; without `owner` it is that of
    who runs this."""

    data_dir: Path | None = None
    limits: Limits = field(default_factory=Limits)
    public_url: str | None = None
    owner: str = ""
    keep: Keep = field(default_factory=Keep)
    scan: ScanPlan = field(default_factory=ScanPlan)


class Home:
    """BusyError when another hub lives in the data directory."""

    def __init__(self, options: HubOptions) -> None:
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._lock: FileLock | None = None
        if options.data_dir is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="pfnb-", ignore_cleanup_errors=True)
            folder = Path(self._temporary.name)
        else:
            folder = options.data_dir
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = _locked(folder)
        bodies = folder / "bodies"
        bodies.mkdir(mode=0o700, exist_ok=True)
        self.folder = folder
        self.hub = Hub(
            _store(options, folder, bodies),
            LocalBroker(),
            Settings(
                bodies,
                options.limits,
                public_url=options.public_url,
                keep=options.keep,
                scan=options.scan,
                owner=options.owner or default_owner(),
                audit=None if options.data_dir is None else folder,
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
            # Not in a thread: a kernel may close its hub while the interpreter ends, when threads start no more.
            self._temporary.cleanup()


def _store(options: HubOptions, folder: Path, bodies: Path) -> Store:
    if options.data_dir is None:
        return MemoryStore()
    # Imported here, since a hub in a kernel rarely needs it and it is half of what `%load_ext` waits for.
    from pfnb.hub.stores.sql import SqlStore

    return SqlStore(folder / DATABASE, bodies)


def _locked(folder: Path) -> FileLock:
    # Imported here, as the store is: a hub in memory locks nothing.
    from filelock import FileLock, Timeout

    lock = FileLock(folder / "lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise BusyError(f"another hub is using {folder}: stop it, or choose another data directory") from None
    return lock
