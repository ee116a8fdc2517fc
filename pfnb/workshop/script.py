"""`python -m pfnb.workshop.script`: runs one stored Python function, in its own folder, and ends.

The folder has the job in JOB: the script's `name` and `source`, the `function` to call, its `args` and `kwargs`, or its one
argument of bytes as `data` in base64; `mustConfine`. The answer is written to ANSWER: `value`, else `error`, or `missing` with
the functions there are.
"""

from __future__ import annotations

import asyncio
import base64
import inspect
import json
import os
import sys
import traceback
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Final

from pfnb.workshop.confine import confine

JOB: Final = "job.json"
ANSWER: Final = "answer.json"
SECONDS: Final = 60
"""Seconds that a function may take, by the clock and of the processor."""
MEMORY: Final = 512 * 1024 * 1024
_ADDRESSES: Final = 4 * 1024 * 1024 * 1024
"""Bytes of address space: some libraries reserve much more than they use."""
LARGEST: Final = 16 * 1024 * 1024
"""Bytes of a file that it writes, the answer included."""
_FILES: Final = 256
_NICENESS: Final = 10
_LONGEST: Final = 2_000


def main() -> None:
    folder = Path.cwd()
    job = json.loads((folder / JOB).read_text("utf-8"))
    _limit()
    if not confine(folder) and job["mustConfine"]:
        answer = {"error": "this system has no Landlock, without which only an ADMIN may run functions"}
    else:
        answer = _answer(job)
    (folder / ANSWER).write_text(_json(answer), "utf-8")
    sys.stdout.flush()
    os._exit(0)  # threads that it began must not keep it


def _limit() -> None:
    if sys.platform == "win32":
        return
    import resource
    import signal

    signal.alarm(SECONDS + 5)  # if the parent is gone
    os.nice(max(_NICENESS - os.nice(0), 0))
    bounds = {
        resource.RLIMIT_CPU: SECONDS,
        resource.RLIMIT_DATA: MEMORY,
        resource.RLIMIT_AS: _ADDRESSES,
        resource.RLIMIT_FSIZE: LARGEST,
        resource.RLIMIT_NOFILE: _FILES,
        resource.RLIMIT_CORE: 0,
    }
    for which, most in bounds.items():
        _, hard = resource.getrlimit(which)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (bound, bound))


def _answer(job: dict[str, Any]) -> dict[str, Any]:
    try:
        module = ModuleType("function_script")
        sys.modules[module.__name__] = module
        exec(compile(job["source"], job["name"], "exec"), module.__dict__)  # noqa: S102 - this is what the process is for
        function = module.__dict__.get(job["function"])
        if not callable(function):
            return {"missing": sorted(name for name, one in vars(module).items() if isinstance(one, FunctionType))}
        if "pipeforce" in inspect.signature(function).parameters and "pipeforce" not in job.get("kwargs", {}):
            return {"error": "it asks for `pipeforce`, a client of the hub, which functions do not get here: run the "
                    "commands in the pipeline, and pass their results as arguments"}  # fmt: skip
        args = [base64.b64decode(job["data"])] if "data" in job else job["args"]
        result = function(*args, **job.get("kwargs", {}))
        return {"value": asyncio.run(result) if inspect.iscoroutine(result) else result}
    except BaseException as error:
        # Whatever ends the function is the answer.
        return {"error": _described(error, job["name"])}


def _described(error: BaseException, name: str) -> str:
    """The error with the line of the script where it arose."""
    walked = traceback.walk_tb(error.__traceback__)
    lines = [line for frame, line in walked if frame.f_code.co_filename == name]
    line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
    text = (error.msg if isinstance(error, SyntaxError) else str(error))[:_LONGEST]
    if isinstance(error, MemoryError) and not text:
        text = f"it takes more than {MEMORY >> 20} MiB"
    return f"{'' if line is None else f'line {line}: '}{type(error).__name__}{text and ': '}{text}"


def _json(answer: dict[str, Any]) -> str:
    try:
        text = json.dumps(answer, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (TypeError, ValueError, RecursionError, MemoryError) as error:
        return json.dumps({"error": f"its result cannot be written as JSON: {error}"[:_LONGEST]})
    if len(text.encode()) > LARGEST:
        return json.dumps({"error": f"its result has more than {LARGEST >> 20} MiB"})
    return text


if __name__ == "__main__":
    main()
