"""One load: wrk against one address for some seconds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_name("load.lua")
BODY_BYTES = 1024


@dataclass(frozen=True)
class Sample:
    """`p50` and `p99` are milliseconds."""

    per_second: float
    p50: float
    p99: float
    errors: int


def wrk_is_missing() -> bool:
    return shutil.which("wrk") is None


def json_body() -> bytes:
    """A JSON message of exactly 1 KiB."""
    message = {"order": 42, "status": "created", "items": [1, 2, 3], "note": ""}
    message["note"] = "n" * (BODY_BYTES - len(json.dumps(message)))
    return json.dumps(message).encode()


def load(url: str, body: Path, *, connections: int, seconds: int) -> Sample:
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(SCRIPT), url]
    done = subprocess.run(
        command, env={**os.environ, "BODY_FILE": str(body)}, capture_output=True, text=True, check=True
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT "))
    result = json.loads(line.removeprefix("RESULT "))
    per_second = result["requests"] / (result["microseconds"] / 1e6)
    return Sample(per_second, result["p50"] / 1e3, result["p99"] / 1e3, result["errors"])
