"""Reads the environment variables in which JupyterHub describes the server or service that it has started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from pfnb.http.server import PREFIX


@dataclass(frozen=True, slots=True)
class Place:
    """Where `pfnb serve` listens. `prefix` is the path of the hub's address, without a final slash."""

    host: str
    port: int
    prefix: str = PREFIX
    public_url: str | None = None


def public_address(environ: Mapping[str, str]) -> str | None:
    """The address of this server or service as browsers know it, without a final slash; None if JupyterHub does not say.

    JupyterHub gives it where `public_url` is configured. Otherwise it is JupyterHub's own public address and the prefix.
    """
    own = environ.get("JUPYTERHUB_PUBLIC_URL")
    if own:
        return own.rstrip("/")
    hub, prefix = environ.get("JUPYTERHUB_PUBLIC_HUB_URL"), environ.get("JUPYTERHUB_SERVICE_PREFIX")
    if not hub or not prefix:
        return None
    parts = urlsplit(hub)
    return f"{parts.scheme}://{parts.netloc}{prefix}".rstrip("/")


def service_place(environ: Mapping[str, str], default: Place) -> Place:
    """Where JupyterHub expects a service that it manages; `default` for any other process.

    A terminal in a Jupyter Server inherits that server's variables, which are not meant for us: only services have a name.
    """
    if not environ.get("JUPYTERHUB_SERVICE_NAME"):
        return default
    url = urlsplit(environ.get("JUPYTERHUB_SERVICE_URL", ""))
    prefix = environ.get("JUPYTERHUB_SERVICE_PREFIX", "").rstrip("/")
    return Place(url.hostname or default.host, url.port or default.port, prefix or PREFIX, public_address(environ))
