"""What `%load_ext pfnb` and `%unload_ext pfnb` do."""

from __future__ import annotations

import sys

from IPython.core.interactiveshell import InteractiveShell

from pfnb.kernel.failures import told_briefly
from pfnb.kernel.magics import register_magics, unregister_magics
from pfnb.kernel.notebook import Notebook


def load(shell: InteractiveShell) -> None:
    """Connect this kernel to its hub, say which one it is, and bring the magics."""
    notebook = Notebook(shell)
    with told_briefly():
        notebook.open()
    register_magics(notebook)
    sys.stdout.write(f"{notebook.greeting}\n")


def unload(shell: InteractiveShell) -> None:
    """Take the magics away and close everything."""
    magics = unregister_magics(shell)
    if magics is not None:
        magics.notebook.close()
