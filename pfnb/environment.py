"""The environment variables that mean something to pfnb, for `pfnb --help` and the reference."""

from typing import Final

VARIABLES: Final = {
    "JUPYTERHUB_USER": "Who owns what a notebook creates; without it, the operating system's user. JupyterHub sets it.",
    "PFNB_ALLOW_TARGETS": "Private addresses that may be called nevertheless: hosts or networks, by commas or spaces.",
    "PFNB_PROFILES": "What `@instance.profiles()` answers, with commas between them.",
    "PFNB_STAGE": "What `@instance.stage()` answers; without it, `local`.",
    "PFNB_DATA_DIR": "Where a hub within a kernel keeps its events; without it, in memory.",
    "PFNB_HUB": "The hub of the Jupyter Server that has started this kernel. The server sets it; nobody else should.",
    "PFNB_LOG": "From which level on, such as INFO, a kernel writes what its listeners log to its output, for services.",
    "PFNB_NOTEBOOK": "The notebook's name, where nothing else tells it.",
    "PFNB_TOKEN": "The token of the hub that PFNB_URL names, or that `pfnb serve` starts.",
    "PFNB_URL": "The hub to use, such as http://127.0.0.1:8899/pfnb.",
}
