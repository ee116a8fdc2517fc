"""Killing a process at a random moment of its work."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

BEGUN = "begun"
UPGRADE = f"""
import sys
from pathlib import Path
from pfnb.hub.stores.sqlite.upgrade import upgrade
print("{BEGUN}", flush=True)
upgrade(Path(sys.argv[1]))
"""


class Upgrading:
    """A process of its own that brings a database to today's schema."""

    def __init__(self, file: Path) -> None:
        self._process = subprocess.Popen([sys.executable, "-c", UPGRADE, str(file)], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline().strip() == BEGUN

    def killed(self, order: random.Random, seconds: float) -> bool:
        """Kill it after a random part of these seconds. False if it has come to its end before."""
        time.sleep(order.uniform(0, seconds))
        self._process.kill()
        self._process.communicate()
        return self._process.returncode == -signal.SIGKILL
