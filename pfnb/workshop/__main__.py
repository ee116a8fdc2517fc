"""`python -m pfnb.workshop`: one child. It reads jobs from standard input until that is closed, or until none has come for a
while."""

from __future__ import annotations

import gc
import os
import select
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from time import process_time
from types import ModuleType
from typing import IO, Any

from pfnb.exceptions import PfnbError, RunLimitError
from pfnb.rows.error import ErrorRow
from pfnb.workshop.limits import MEMORY, is_large, limit_job, limit_process
from pfnb.workshop.wire import decoded, encoded, receive, send

IDLE_SECONDS = 60
OWN = ("pfnb.",)
"""Name prefixes of modules whose functions may be called."""
ROOMS = ("pfnb.language", "pfnb.commands", "pfnb.functions")
"""Packages of which a job needs only a few modules."""


def main() -> None:
    for room in ROOMS:
        _open(room)
    jobs, answers = sys.stdin.buffer, _answers()
    limit_process()
    for module in sys.argv[1:]:
        _loaded(module)
    gc.freeze()
    while _has_job(jobs) and (data := receive(jobs)) is not None:
        send(answers, _answer(data))
        del data


def _open(room: str) -> None:
    """Let modules of a package be imported without running its `__init__`, which loads all others: halves the start-up time."""
    spec = find_spec(room)
    assert spec is not None
    sys.modules[room] = bare = ModuleType(room)
    bare.__path__ = spec.submodule_search_locations or []


def _answers() -> IO[bytes]:
    """The stream for answers. Anything else that is printed is discarded."""
    answers = os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - wanted as a file descriptor
        os.dup2(nowhere.fileno(), 1)
    return answers


def _has_job(jobs: IO[bytes]) -> bool:
    return sys.platform == "win32" or bool(select.select([jobs], [], [], IDLE_SECONDS)[0])


def _answer(data: bytes) -> bytes:
    """(seconds used, whether this process had better end now, error or None, the function's result)"""
    used = 0.0
    error: ErrorRow | None = None
    try:
        module, name, arguments, seconds = decoded(data)
        function = _function(module, name)
        began = process_time()
        limit_job(seconds)
        try:
            result = function(*arguments)
            return encoded((process_time() - began, is_large(), None, result))
        finally:
            limit_job(0)
            used = process_time() - began
    except MemoryError:
        error = RunLimitError(f"this step takes more than {MEMORY >> 20} MiB of memory: give it less data").to_json()
    except PfnbError as problem:
        error = problem.to_json()
    except Exception as problem:
        # Any error is the answer: the child continues.
        error = {"errorType": "StepError", "statusMessage": f"{type(problem).__name__}: {problem}"[:1000]}
    return encoded((used, is_large(), error, None))


def _function(module: str, name: str) -> Callable[..., Any]:
    """A function of pfnb's own."""
    if not module.startswith(OWN):
        raise ValueError(f"{module} is not a module of pfnb")
    function: Callable[..., Any] = getattr(_loaded(module), name)
    return function


def _loaded(module: str) -> ModuleType:
    """Import the module, and its LIBRARIES, before the time of a job begins. Its LEFT_OUT are not imported, although these
    libraries would."""
    found = import_module(module)
    for library in getattr(found, "LEFT_OUT", ()):
        sys.modules.setdefault(library, None)  # type: ignore[arg-type] # an attempt to import it raises ImportError
    for library in getattr(found, "LIBRARIES", ()):
        import_module(library)
    return found


if __name__ == "__main__":
    main()
