"""The environment of a Jupyter that nobody's own settings, data or running hub can reach into."""

from __future__ import annotations

import os
from pathlib import Path

FOLDERS = {
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "IPYTHONDIR": "ipython",
}
FOREIGN = ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH", "PFNB_HUB", "PFNB_URL", "PFNB_TOKEN")


def own_environment(folder: Path) -> dict[str, str]:
    """This process's environment with every Jupyter folder below `folder`, which exists; the folders are made. The
    keyring of whoever runs the tests stays untouched."""
    environment = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    for name, leaf in FOLDERS.items():
        own = folder / leaf
        own.mkdir(mode=0o700, exist_ok=True)
        environment[name] = str(own)
    environment["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    return environment
