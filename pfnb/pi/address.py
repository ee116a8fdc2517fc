"""Which hub a command line means: the one it names, the environment's, or the one that runs on this machine."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pfnb.exceptions import HubUnreachableError, NotAuthenticatedError, ParameterError

SERVING = "serving.json"
"""The file in a hub's data directory that tells, while `pfnb serve` runs, its url and process id."""
TOKEN = "token"  # noqa: S105 - a file's name
_HOW = "say which with --url and --token, or PFNB_URL and PFNB_TOKEN"


@dataclass(frozen=True, slots=True)
class HubAddress:
    """`url` is the hub's root without a final slash; `origin` says in words where it was found, `root` which folder it serves."""

    url: str
    token: str = field(repr=False)
    origin: str = ""
    root: Path | None = None


def find_address(url: str | None, token: str | None, environ: Mapping[str, str]) -> HubAddress:
    """The hub that is meant. NotAuthenticatedError for a url without a token, HubUnreachableError if no hub is found,
    ParameterError if there are several to choose from."""
    named = url or environ.get("PFNB_URL")
    if named:
        given = token or environ.get("PFNB_TOKEN")
        if not given:
            raise NotAuthenticatedError(f"the hub {named} wants its token: give --token, or set PFNB_TOKEN")
        return HubAddress(named.rstrip("/"), given, "--url" if url else "PFNB_URL")
    running = list(_running())
    if not running:
        raise HubUnreachableError(f"no hub was found: start JupyterLab, or `pfnb serve` without --data-dir, or {_HOW}")
    here = [one for one in running if one.root is not None and Path.cwd().is_relative_to(one.root)]
    found = max(here, key=lambda one: len(str(one.root))) if here else running[0]
    if len(running) > 1 and not here:
        raise ParameterError(f"several hubs run on this machine ({', '.join(one.url for one in running)}): {_HOW}")
    return found


def _running() -> Iterator[HubAddress]:
    """The hubs of this user's Jupyter Servers, and that of `pfnb serve` in its usual folder."""
    from jupyter_core.paths import jupyter_runtime_dir
    from platformdirs import user_data_path

    for file in sorted(Path(jupyter_runtime_dir()).glob("jpserver-*.json")):
        told = _read(file)
        if told is not None:
            url = f"{str(told['url']).rstrip('/')}/pfnb"
            root = told.get("root_dir")
            yield HubAddress(
                url, str(told.get("token") or ""), f"Jupyter Server in {root}", Path(root) if root else None
            )
    folder = user_data_path("pfnb")
    told = _read(folder / SERVING)
    if told is not None:
        yield HubAddress(str(told["url"]), (folder / TOKEN).read_text().strip(), f"pfnb serve in {folder}")


def _read(file: Path) -> dict[str, Any] | None:
    """What a running process tells of itself; None if it has ended without removing its file."""
    try:
        told: dict[str, Any] = json.loads(file.read_text())
        os.kill(int(told["pid"]), 0)
    except PermissionError:
        return None  # somebody else's process has this id by now
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return told
