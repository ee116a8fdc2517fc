"""Where a kernel finds its hub: the server that started it, an address in the environment, or nowhere (then it embeds one)."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pfnb.exceptions import HubUnreachableError, NotAuthenticatedError
from pfnb.http.wire import HUB_VARIABLE


@dataclass(frozen=True, slots=True)
class HubAddress:
    """`url` is the hub's root, such as `http://127.0.0.1:8888/pfnb`; `kernel_id` goes with a token for one kernel alone."""

    url: str
    token: str = field(repr=False)
    kernel_id: str | None = None


def find_hub(environ: Mapping[str, str], connection_file: str | None) -> HubAddress | None:
    """The hub this process belongs to, None if it has to embed its own.

    `PFNB_HUB` is inherited by child processes, so it counts only in the very kernel it was made for: the one whose
    `connection_file` is named after its id.
    """
    made_for = environ.get(HUB_VARIABLE)
    if made_for:
        address = _from_server(made_for)
        if connection_file is not None and Path(connection_file).stem == f"kernel-{address.kernel_id}":
            return address
    url = environ.get("PFNB_URL")
    if not url:
        return None
    token = environ.get("PFNB_TOKEN")
    if not token:
        raise NotAuthenticatedError(f"PFNB_URL names the hub {url}, but PFNB_TOKEN is not set: a hub wants its token")
    return HubAddress(url.rstrip("/"), token)


def _from_server(text: str) -> HubAddress:
    try:
        given = json.loads(text)
        return HubAddress(str(given["url"]).rstrip("/"), str(given["token"]), str(given["kernel_id"]))
    except (ValueError, KeyError, TypeError) as error:
        raise HubUnreachableError(
            "PFNB_HUB is not what the Jupyter Server extension writes (an object with url, token and kernel_id): unset it"
        ) from error


def notebook_name(environ: Mapping[str, str], namespace: Mapping[str, object]) -> str | None:
    """This notebook's name for a hub that cannot know it, None if nothing tells.

    `JPY_SESSION_NAME` would be inherited by kernels that a notebook starts, which would then take its pipelines over.
    """
    named = environ.get("PFNB_NOTEBOOK") or namespace.get("__vsc_ipynb_file__")
    return str(named) if named else None


def data_directory(environ: Mapping[str, str]) -> Path | None:
    """Where an embedded hub keeps its events (`PFNB_DATA_DIR`), None for in memory."""
    given = environ.get("PFNB_DATA_DIR")
    return Path(given).expanduser() if given else None


def connection_file() -> str | None:
    """The path of this kernel's connection file, None where there is no kernel."""
    from ipykernel.connect import get_connection_file
    from ipykernel.kernelapp import IPKernelApp

    return os.fspath(get_connection_file()) if IPKernelApp.initialized() else None
