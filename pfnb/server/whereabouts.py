"""A file beside Jupyter's own description of a running server, which gives the hub's address to `pi`."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from pfnb.hub.private import own_folder, write_private
from pfnb.pi.address import WHEREABOUTS


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """`url` is the inner address of this server, `folder` where the data is, and the token."""

    runtime: Path
    url: str
    folder: Path

    @property
    def _file(self) -> Path:
        return self.runtime / WHEREABOUTS.format(pid=os.getpid())

    def write(self) -> None:
        own_folder(self.runtime)
        write_private(self._file, json.dumps({"url": self.url, "data_dir": str(self.folder), "pid": os.getpid()}))

    def remove(self) -> None:
        self._file.unlink(missing_ok=True)
