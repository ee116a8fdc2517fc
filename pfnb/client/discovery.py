"""Finds a kernel's hub: an address in the environment, or the server that started the kernel; else the kernel embeds one."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pfnb.exceptions import HubUnreachableError, NotAuthenticatedError
from pfnb.http.origin import checked_token, checked_url
from pfnb.http.wire import HUB_VARIABLE

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


@dataclass(frozen=True, slots=True)
class HubAddress:
    """`url` is the hub's root, such as `http://127.0.0.1:8888/pfnb`; `kernel_id` is set if the token is for one kernel only;
    `notebook` is the notebook's name, for a hub that cannot know it."""

    url: str
    token: str = field(repr=False)
    kernel_id: str | None = None
    notebook: str | None = None


def find_hub(environ: Mapping[str, str], connection_file: str | None) -> HubAddress | None:
    """The hub this process belongs to; None if it must embed its own. An explicit `PFNB_URL` comes first.

    Child processes inherit `PFNB_HUB`, so it counts only in the kernel it was made for: the one whose `connection_file` is
    named after its id.
    """
    own = _of_server(environ.get(HUB_VARIABLE), connection_file)
    url = environ.get("PFNB_URL")
    if not url:
        return own
    url, token = checked_url(url, "PFNB_URL"), environ.get("PFNB_TOKEN")
    if not token:
        raise NotAuthenticatedError(
            f"PFNB_URL names the hub {url}, but PFNB_TOKEN is not set: set it to the hub's token"
        )
    return HubAddress(url, checked_token(token, "PFNB_TOKEN"), notebook=None if own is None else own.notebook)


def _of_server(made_for: str | None, connection_file: str | None) -> HubAddress | None:
    address = _from_server(made_for) if made_for else None
    if address is None or connection_file is None:
        return None
    return address if Path(connection_file).stem == f"kernel-{address.kernel_id}" else None


def _from_server(text: str) -> HubAddress:
    try:
        given = json.loads(text)
        url, token, kernel_id = (str(given[name]) for name in ("url", "token", "kernel_id"))
        return HubAddress(url.rstrip("/"), token, kernel_id, given.get("notebook"))
    except (ValueError, KeyError, TypeError) as error:
        raise HubUnreachableError(
            "PFNB_HUB is not what the Jupyter Server extension writes (an object with url, token and kernel_id): unset it"
        ) from error


def notebook_name(environ: Mapping[str, str], namespace: Mapping[str, object]) -> str | None:
    """This notebook's name, for a hub that cannot know it; None if the environment has none.

    `JPY_SESSION_NAME` is not used: kernels that a notebook starts inherit it and would take over its pipelines. The Jupyter
    Server extension passes it on in `PFNB_HUB`, for one kernel only.
    """
    named = environ.get("PFNB_NOTEBOOK") or namespace.get("__vsc_ipynb_file__")
    return str(named) if named else None


def data_directory(environ: Mapping[str, str]) -> Path | None:
    """Where an embedded hub keeps its events (`PFNB_DATA_DIR`); None for memory."""
    given = environ.get("PFNB_DATA_DIR")
    return Path(given).expanduser() if given else None


def connection_file(shell: InteractiveShell) -> str | None:
    """The path of this kernel's connection file; None without a kernel, as in plain IPython.

    The application is found by way of shell and kernel, since `IPKernelApp.initialized()` is also true in plain IPython.
    """
    application = getattr(getattr(shell, "kernel", None), "parent", None)
    if application is None:
        return None
    from ipykernel.connect import get_connection_file
    from ipykernel.kernelapp import IPKernelApp

    return os.fspath(get_connection_file(application)) if isinstance(application, IPKernelApp) else None
