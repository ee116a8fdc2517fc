"""Runs stored Python functions, each call in a process of its own that gets no secret and has limits: see `script`."""

from __future__ import annotations

import base64
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from pfnb.environment import for_children
from pfnb.exceptions import BusyError, NotFoundError, RunLimitError, StepError
from pfnb.language.offload import threaded
from pfnb.language.threads import Threads
from pfnb.workshop.child import HARMLESS
from pfnb.workshop.script import ANSWER, JOB, LARGEST, MEMORY, SECONDS

CALLS: Final = Threads("pfnb-function", threads=4, share=2)
"""Threads that wait for these processes."""
LOGGED: Final = 20_000
"""Characters of what a function prints that are kept."""
_PRINTED = "printed.txt"


@dataclass(frozen=True, slots=True)
class Script:
    """A script: its `name` for errors, and its text."""

    name: str
    source: str


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a function is called with: values by position or by name, or one argument of bytes."""

    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] | None = None
    data: bytes | None = None

    def to_json(self) -> dict[str, Any]:
        if self.data is not None:
            return {"data": base64.b64encode(self.data).decode()}
        return {"args": list(self.args), "kwargs": dict(self.kwargs or {})}


@dataclass(frozen=True, slots=True)
class Result:
    """What the function returned, and what it printed."""

    value: Any
    printed: str


async def call(script: Script, function: str, arguments: Arguments, *, must_confine: bool) -> Result:
    """Call a function of a script. With `must_confine` it is an error if the system cannot keep it away from the hub's files.

    Raises StepError for an error of the function, NotFoundError if the script has none of this name, RunLimitError for too much
    time or memory, and BusyError.
    """
    job = {"name": script.name, "source": script.source, "function": function, "mustConfine": must_confine}
    return await threaded(partial(_work, {**job, **arguments.to_json()}), CALLS)


def _work(job: dict[str, Any]) -> Result:
    with TemporaryDirectory(prefix="pfnb-function-", ignore_cleanup_errors=True) as place:
        folder = Path(place)
        (folder / JOB).write_text(json.dumps(job, allow_nan=False), "utf-8")
        status = _run(folder)
        printed = _start_of(folder / _PRINTED, LOGGED)
        answer = _start_of(folder / ANSWER, LARGEST + 1)
    title = f"{job['name']}:{job['function']}"
    if not answer:
        raise _death(title, status, printed)
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        found = {"error": "its result is nested too deeply, or not JSON"}
    if "missing" in found:
        others = ", ".join(found["missing"][:20])
        raise NotFoundError(
            f"{job['name']} has no function {job['function']}" + (f": it has {others}" if others else "")
        )
    if "error" in found:
        raise StepError(f"{title} failed: {found['error']}")
    return Result(found.get("value"), printed)


def _run(folder: Path) -> int | None:
    """Run the process until it ends; its exit status, None if it took too long. No process of it remains."""
    own = {name: str(folder) for name in ("HOME", "TMPDIR", "TEMP", "TMP")}
    environment = {name: text for name, text in for_children(os.environ).items() if name.upper().startswith(HARMLESS)}
    with (folder / _PRINTED).open("wb") as printed:
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "pfnb.workshop.script"],
                cwd=folder,
                env={**environment, **own, "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"},
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise BusyError(f"no process could be started for this function: {error}") from None
    try:
        return process.wait(SECONDS)
    except subprocess.TimeoutExpired:
        return None
    finally:
        with suppress(ProcessLookupError, PermissionError):
            if sys.platform == "win32":
                process.kill()
            else:
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _start_of(file: Path, most: int) -> str:
    """The text of a file that the function may have made: a link is not followed, a pipe not waited for."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        with os.fdopen(os.open(file, flags), "rb") as opened:
            return (
                opened.read(most).decode("utf-8", "replace") if stat.S_ISREG(os.fstat(opened.fileno()).st_mode) else ""
            )
    except OSError:
        return ""


def _death(title: str, status: int | None, printed: str) -> Exception:
    if status is None or -status in (getattr(signal, "SIGXCPU", None), getattr(signal, "SIGALRM", None)):
        return RunLimitError(f"{title} takes more than {SECONDS} s: let it do less")
    last = printed.strip().rpartition("\n")[2][:500]
    return RunLimitError(
        f"{title} ended its process (status {status}), most likely for its memory, of which it may take "
        f"{MEMORY >> 20} MiB{last and f': {last}'}"
    )
