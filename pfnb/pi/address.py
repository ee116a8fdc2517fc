"""Finds the hub for a command line: the one it names, the one in the environment, or the one running on this machine."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pfnb.exceptions import HubUnreachableError, NotAuthenticatedError, ParameterError
from pfnb.http.origin import checked_token, checked_url

SERVING = "serving.json"
"""The file in a hub's data directory with the url and process id of a running `pfnb serve`."""
WHEREABOUTS = "pfnb-{pid}.json"
"""The file in Jupyter's runtime directory with the address of a running server's hub, and the place of its data."""
LISTENING = "listening"
"""The folder in the user's data folder with a file for each running `pfnb listen` that has a hub of its own: url, pid, token."""
TOKEN = "token"  # noqa: S105 - a file's name
_HOW = "choose one with --url and --token, or PFNB_URL and PFNB_TOKEN"


@dataclass(frozen=True, slots=True)
class FoundHub:
    """`url` is the hub's root without a final slash; `origin` says in words where it was found; `root` is the folder it
    serves, `data_dir` where it keeps its data, if that is known."""

    url: str
    token: str = field(repr=False)
    origin: str = ""
    root: Path | None = None
    data_dir: Path | None = None


def find_address(url: str | None, token: str | None, environ: Mapping[str, str], *, lasting: bool = False) -> FoundHub:
    """The hub to use; a given `token` takes precedence over one that is found. A `lasting` one is not that of `pfnb listen`.
    NotAuthenticatedError for a url without a token,
    HubUnreachableError if no hub is found, ParameterError if there are several to choose from."""
    named = url or environ.get("PFNB_URL")
    if named:
        given = token or environ.get("PFNB_TOKEN")
        if not given:
            raise NotAuthenticatedError(
                f"the hub {checked_url(named, 'PFNB_URL')} needs its token: give --token, or set PFNB_TOKEN"
            )
        origin, token_from = "--url" if url else "PFNB_URL", "--token" if token else "PFNB_TOKEN"
        return FoundHub(checked_url(named, origin), checked_token(given, token_from), origin)
    running = list(_running()) or ([] if lasting else list(_listening()))
    if not running:
        raise HubUnreachableError(f"no hub was found: start JupyterLab, or `pfnb serve` without --data-dir, or {_HOW}")
    here = [one for one in running if one.root is not None and Path.cwd().is_relative_to(one.root)]
    found = max(here, key=lambda one: len(str(one.root))) if here else running[0]
    if len(running) > 1 and not here:
        raise ParameterError(f"several hubs run on this machine ({', '.join(one.url for one in running)}): {_HOW}")
    return replace(found, token=checked_token(token, "--token")) if token else found


def _running() -> Iterator[FoundHub]:
    """The hubs of this user's Jupyter Servers, and that of `pfnb serve` in its usual folder."""
    from platformdirs import user_data_path

    shared: set[str] = set()
    for file in _jupyter_servers():
        told = _read(file)
        if told is None:
            continue
        hub = _read(file.parent / WHEREABOUTS.format(pid=told["pid"]))
        if hub is None or str(hub["data_dir"]) not in shared:
            yield _of_jupyter(told, hub)
        if hub is not None:
            shared.add(str(hub["data_dir"]))
    folder = user_data_path("pfnb")
    if _read(folder / SERVING) is not None:
        yield hub_of(folder)


def hub_of(folder: Path) -> FoundHub:
    """The running hub of a data directory. HubUnreachableError if none runs there."""
    told = _read(folder / SERVING)
    try:
        if told is not None:
            token = (folder / TOKEN).read_text().strip()
            return FoundHub(str(told["url"]), token, f"pfnb serve in {folder}", data_dir=folder)
    except OSError as error:
        raise NotAuthenticatedError(f"the token of the hub in {folder} cannot be read: {error.strerror}") from None
    raise HubUnreachableError(f"no hub runs with the data directory {folder}")


def servers_without_hub() -> list[str]:
    """The folders of running Jupyter Servers that have not loaded pfnb."""
    servers = [(file, told) for file in _jupyter_servers() if (told := _read(file)) is not None]
    without = [told for file, told in servers if _read(file.parent / WHEREABOUTS.format(pid=told["pid"])) is None]
    return [str(told.get("root_dir") or told["pid"]) for told in without]


def _listening() -> Iterator[FoundHub]:
    """The hubs of `pfnb listen`, which end with it."""
    from platformdirs import user_data_path

    for file in sorted((user_data_path("pfnb") / LISTENING).glob("*.json")):
        if (told := _read(file)) is not None:
            yield FoundHub(str(told["url"]), str(told["token"]), f"pfnb listen, process {told['pid']}")


def _of_jupyter(server: Mapping[str, Any], hub: Mapping[str, Any] | None) -> FoundHub:
    """A Jupyter Server's hub, at its inner address, which needs no certificate or socket. Servers with the same data directory
    share one hub."""
    root = server.get("root_dir")
    origin, place = f"Jupyter Server in {root}", Path(root) if root else None
    if hub is None:
        return FoundHub(f"{str(server['url']).rstrip('/')}/pfnb", str(server.get("token") or ""), origin, place)
    token = (Path(hub["data_dir"]) / TOKEN).read_text().strip()
    return FoundHub(str(hub["url"]), token, origin, place, Path(hub["data_dir"]))


def _jupyter_servers() -> list[Path]:
    """The files of running Jupyter Servers; none if Jupyter is not installed."""
    if find_spec("jupyter_core") is None:
        return []
    from jupyter_core.paths import jupyter_runtime_dir

    return sorted(Path(jupyter_runtime_dir()).glob("jpserver-*.json"))


def _read(file: Path) -> dict[str, Any] | None:
    """What a running process wrote to its file; None if it has ended without removing it."""
    try:
        told: dict[str, Any] = json.loads(file.read_text())
        os.kill(int(told["pid"]), 0)
    except PermissionError:
        return None  # another user's process has this id by now
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return told
