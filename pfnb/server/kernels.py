"""Gives kernels the address of their hub in their environment, with a token that is valid for that one kernel."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from jupyter_server.utils import ensure_async
from tornado.httputil import HTTPServerRequest

from pfnb.http.secret import authorization_token, same_secret
from pfnb.http.site import Peer
from pfnb.http.wire import HUB_VARIABLE, KERNEL_HEADER


class Kernels:
    """The kernels of one Jupyter Server. Jupyter's own token never enters a kernel's environment. `url` is their hub's address;
    `name_of` maps a notebook's path here to its name there."""

    def __init__(
        self, kernel_manager: Any, session_manager: Any, url: str, owner: str, name_of: Callable[[str], str]
    ) -> None:
        self._kernels = kernel_manager
        self._sessions = session_manager
        self._url = url
        self._owner = owner
        self._name_of = name_of
        self._secret = secrets.token_bytes(32)

    def introduce(self) -> None:
        """Put the hub's address into the environment of every kernel that is started from now on."""
        start = self._kernels.start_kernel

        async def start_kernel(*, kernel_id: str | None = None, **kwargs: Any) -> Any:
            kernel_id = kernel_id or self._kernels.new_kernel_id(**kwargs)
            environment = dict(kwargs.pop("env", None) or os.environ)
            made_for = {"url": self._url, "kernel_id": kernel_id, "token": self._token(kernel_id)}
            environment[HUB_VARIABLE] = json.dumps({**made_for, "notebook": _notebook_file(environment)})
            return await ensure_async(start(kernel_id=kernel_id, env=environment, **kwargs))

        self._kernels.start_kernel = start_kernel

    async def peer_of(self, request: HTTPServerRequest) -> Peer | None:
        """The kernel that sends the request, and the notebook that this server opened it for."""
        kernel_id = request.headers.get(KERNEL_HEADER, "")
        if not same_secret(authorization_token(request), self._token(kernel_id)) or kernel_id not in self._kernels:
            return None
        return Peer(self._owner, kernel_id, await self._notebook(kernel_id))

    async def _notebook(self, kernel_id: str) -> str | None:
        for session in await ensure_async(self._sessions.list_sessions()):
            if session["kernel"]["id"] == kernel_id:
                return self._name_of(str(session["path"]))
        return None

    def _token(self, kernel_id: str) -> str:
        return hmac.new(self._secret, kernel_id.encode(), hashlib.sha256).hexdigest()


def _notebook_file(environment: Mapping[str, str]) -> str | None:
    """The notebook's file as Jupyter gives it to the kernel, for a hub that serves several servers.

    In containers, notebooks of several users of a JupyterHub have the same path.
    """
    file = environment.get("JPY_SESSION_NAME", "")
    if not file or file.endswith("/"):
        return None
    user = environment.get("JUPYTERHUB_USER")
    return f"{user}:{file}" if user else file
