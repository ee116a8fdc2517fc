"""Cookies of requests to webhooks: in a Jupyter Server, a browser sends Jupyter's login along."""

from __future__ import annotations

import re

_JUPYTERS = re.compile(r"(?:_xsrf|username-|jupyterhub|jupyter-hub)", re.IGNORECASE)
"""How names begin that Jupyter Server and JupyterHub give their cookies. A browser sends them to all ports of a host."""


def without_jupyters(headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """The headers without Jupyter's cookies: who may read an event must not be able to log in as its sender."""
    kept = ((name, _others(value) if name.lower() == "cookie" else value) for name, value in headers)
    return tuple((name, value) for name, value in kept if value or name.lower() != "cookie")


def _others(cookies: str) -> str:
    return "; ".join(one for one in map(str.strip, cookies.split(";")) if not _JUPYTERS.match(one))
