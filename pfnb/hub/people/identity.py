"""The owner of what a notebook or a hub creates."""

from __future__ import annotations

import getpass
import os


def default_owner() -> str:
    """JupyterHub's user, else the operating system's."""
    return os.environ.get("JUPYTERHUB_USER") or getpass.getuser()
