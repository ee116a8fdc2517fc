"""Checks of this machine: the data directory, its disk, and Jupyter."""

from __future__ import annotations

import shutil
import stat
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from pfnb.display.units import human_size
from pfnb.pi.address import servers_without_hub
from pfnb.pi.doctor.finding import Finding, ok, problem, warning

LITTLE, TOO_LITTLE = 1024**3, 100 * 1024**2
"""Bytes of free disk space that are a warning, and a problem."""
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def data(folder: Path) -> Iterator[Finding]:
    """Checks of a hub's data directory."""
    try:
        yield _rights(folder)
        yield disk(folder)
    except OSError as error:
        yield problem("data", f"{folder} cannot be read: {error.strerror}", "run this as the user who runs the hub")


def _rights(folder: Path) -> Finding:
    """Everything in a data directory is secret: events, tokens, keys."""
    there = [folder, *folder.iterdir()] if folder.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH) else folder.iterdir()
    open_to_others = sorted(str(path) for path in there if not path.is_symlink() and path.stat().st_mode & _OTHERS)
    if sys.platform == "win32" or not open_to_others:
        return ok("data", f"{folder} is readable by its owner only")
    shown = ", ".join(open_to_others[:3]) + (" and others" if len(open_to_others) > 3 else "")
    return problem("data", f"other users of this machine may read or write {shown}", f"chmod -R go= '{folder}'")


def disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    what = f"{human_size(free)} are free for {folder}"
    if free >= LITTLE:
        return ok("disk", what)
    mend = "make room, or let the hub keep less: --keep-days, --keep-megabytes"
    return (problem if free < TOO_LITTLE else warning)("disk", what, mend)


def jupyter() -> Iterator[Finding]:
    """Whether Jupyter Servers load pfnb; nothing where Jupyter is not installed."""
    if find_spec("jupyter_server") is None:
        return
    from jupyter_core.paths import jupyter_config_path
    from jupyter_server.extension.config import ExtensionConfigManager

    manager = ExtensionConfigManager(read_config_path=jupyter_config_path())
    if not manager.get_jpserver_extensions().get("pfnb"):  # type: ignore[no-untyped-call]
        yield warning(
            "jupyter",
            "Jupyter Servers of this installation do not load pfnb: notebooks have a hub in their kernel",
            "jupyter server extension enable pfnb, and restart the server",
        )
        return
    without = servers_without_hub()
    if without:
        yield warning(
            "jupyter",
            f"pfnb is enabled, but not loaded by the running Jupyter Server in {', '.join(without)}",
            "restart that server; if it has an environment of its own, install pfnb there",
        )
    else:
        yield ok("jupyter", "Jupyter Servers load pfnb")
