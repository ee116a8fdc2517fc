"""How long `%load_ext pfnb` takes, in processes that have not loaded anything of it before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass

_BEGIN = """
import json, time
from IPython.testing.globalipapp import start_ipython
ip = start_ipython()
import ipykernel.kernelapp
began, used = time.perf_counter(), time.process_time()
"""
_END = "\nprint(json.dumps([time.perf_counter() - began, time.process_time() - used]))"
_LOAD = "ip.run_line_magic('load_ext', 'pfnb')"
_LIBRARIES = "import pydantic.main, pydantic.fields, tornado.web, tornado.websocket, tornado.httpserver"


@dataclass(frozen=True)
class Loading:
    """Seconds, the best of some: by the clock, of computing, and of computing for the libraries alone."""

    wall: float
    computing: float
    libraries: float


def loading(rounds: int) -> Loading:
    loads = [_seconds(_LOAD) for _ in range(rounds)]
    libraries = [_seconds(_LIBRARIES) for _ in range(rounds)]
    return Loading(min(wall for wall, _ in loads), min(used for _, used in loads), min(used for _, used in libraries))


def _seconds(code: str) -> tuple[float, float]:
    """By the clock, and of computing."""
    # Compiled, as an installed package is: the libraries are so in any case.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", _BEGIN + code + _END]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    wall, used = json.loads(done.stdout.splitlines()[-1])
    return wall, used
