"""Keeps a child that runs other people's code away from this machine's files and processes, by Landlock of the Linux kernel: it
reads Python and its libraries, writes in its own folder, and cannot look into or signal other processes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION = 1
"""The flag with which the kernel says what it knows."""
_PATH_BENEATH = 1
_NO_NEW_PRIVILEGES = 38
_BITS = {1: 13, 2: 14, 3: 15, 4: 15}
"""How many rights to files the versions know; from the fifth on it is one more."""
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIRECTORY = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_READ = _EXECUTE | _READ_FILE | _READ_DIRECTORY
_SCOPED_FROM = 6
_SCOPED = 3
"""Neither abstract sockets nor signals reach processes outside."""
_SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/etc/ssl", "/etc/pki", "/etc/ca-certificates")
_FILES = (
    "/etc/hosts",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/resolv.conf",
    "/dev/random",
    "/dev/urandom",
    "/dev/zero",
)
_PACKAGES = ("site-packages", "dist-packages")


def confine(folder: Path) -> bool:
    """Confine this process for good; `folder` is its own. Returns False on a system without Landlock, where nothing changed."""
    if sys.platform != "linux":
        return False
    import ctypes

    system = ctypes.CDLL(None, use_errno=True)
    version = system.syscall(_CREATE_RULESET, None, 0, _VERSION)
    if version < 1:
        return False
    everything = (1 << _BITS.get(version, 16)) - 1
    attributes = (ctypes.c_uint64 * 3)(everything, 0, _SCOPED)
    size = 24 if version >= _SCOPED_FROM else 8
    rules = system.syscall(_CREATE_RULESET, ctypes.byref(attributes), size, 0)
    if rules < 0:
        return False

    class Beneath(ctypes.Structure):
        _pack_ = 1
        _fields_ = (("rights", ctypes.c_uint64), ("place", ctypes.c_int32))

    def allow(place: str, rights: int) -> None:
        with suppress(OSError):  # It is not there.
            opened = os.open(place, os.O_PATH | os.O_CLOEXEC)
            try:
                if system.syscall(_ADD_RULE, rules, _PATH_BENEATH, ctypes.byref(Beneath(rights, opened)), 0):
                    raise PermissionError(ctypes.get_errno(), f"Landlock takes no rule for {place}")
            finally:
                os.close(opened)

    for place in _readable():
        allow(place, _READ)
    for place in _FILES:
        allow(place, _READ_FILE)
    allow("/dev/null", _READ_FILE | _WRITE_FILE)
    allow(str(folder), everything)
    is_done: bool = system.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0 and system.syscall(_RESTRICT_SELF, rules, 0) == 0
    os.close(rules)
    return is_done


def _readable() -> Iterator[str]:
    """The folders of the system's and of Python's own libraries."""
    yield from _SYSTEM
    yield from {sys.prefix, sys.base_prefix}
    yield from (place for place in sys.path if Path(place).name in _PACKAGES)
