"""Jobs that misbehave, for a child. They are called as pfnb's own functions are, by the names of their module and themselves."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Any

from pfnb.exceptions import ParameterError


def pid(*_: Any) -> int:
    return os.getpid()


def loop_in_c() -> None:
    sum(range(10**12))


def fill_memory() -> int:
    return len([bytearray(1024 * 1024) for _ in range(4096)])


def wait() -> None:
    time.sleep(3600)


def crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def refuse(what: str) -> None:
    raise ParameterError(f"{what} is wrong", line=3)


def stumble() -> None:
    raise ZeroDivisionError("division by zero")


def return_an_object() -> Any:
    return sys


def print_something() -> int:
    print("hello")
    os.write(1, b"hello")
    return 1


def environment() -> dict[str, str]:
    return dict(os.environ)
