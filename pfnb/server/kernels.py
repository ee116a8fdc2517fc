"""Tells kernels which hub is theirs: through their environment, with a token that is good for one kernel alone."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Callable
from typing import Any

from jupyter_server.utils import ensure_async
from tornado.httputil import HTTPServerRequest

from pfnb.http.secret import authorization_token, same_secret
from pfnb.http.site import Peer
from pfnb.http.wire import HUB_VARIABLE, KERNEL_HEADER


class Kernels:
    """The kernels of one Jupyter Server. Jupyter's own token never enters a kernel's environment."""

    def __init__(self, kernel_manager: Any, session_manager: Any, url: Callable[[], str], owner: str) -> None:
        self._kernels = kernel_manager
        self._sessions = session_manager
        self._url = url
        self._owner = owner
        self._secret = secrets.token_bytes(32)

    def introduce(self) -> None:
        """Put the hub's address into the environment of every kernel that is started from now on."""
        start = self._kernels.start_kernel

        async def start_kernel(*, kernel_id: str | None = None, **kwargs: Any) -> Any:
            kernel_id = kernel_id or self._kernels.new_kernel_id(**kwargs)
            environment = dict(kwargs.pop("env", None) or os.environ)
            environment[HUB_VARIABLE] = json.dumps(
                {"url": self._url(), "kernel_id": kernel_id, "token": self._token(kernel_id)}
            )
            return await ensure_async(start(kernel_id=kernel_id, env=environment, **kwargs))

        self._kernels.start_kernel = start_kernel

    async def peer_of(self, request: HTTPServerRequest) -> Peer | None:
        """The kernel that asks, and the notebook this server opened it for."""
        kernel_id = request.headers.get(KERNEL_HEADER, "")
        if not same_secret(authorization_token(request), self._token(kernel_id)) or kernel_id not in self._kernels:
            return None
        return Peer(self._owner, kernel_id, await self._notebook(kernel_id))

    async def _notebook(self, kernel_id: str) -> str | None:
        for session in await ensure_async(self._sessions.list_sessions()):
            if session["kernel"]["id"] == kernel_id:
                return str(session["path"])
        return None

    def _token(self, kernel_id: str) -> str:
        return hmac.new(self._secret, kernel_id.encode(), hashlib.sha256).hexdigest()
