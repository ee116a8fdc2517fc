"""Webhooks and pipelines for notebooks.

Public names are loaded on first use, so that importing the package is cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from pfnb import language
    from pfnb.client.event import Event, EventFile
    from pfnb.exceptions import HubUnreachableError, PelEvaluationError, PelSyntaxError, PfnbError
    from pfnb.functions import function
    from pfnb.kernel.api import aevents, arun, command, events, on, run, wait, wait_for, webhook
    from pfnb.kernel.objects.inspection import inspector
    from pfnb.kernel.objects.webhooks import Webhook
    from pfnb.language.response import Response
    from pfnb.language.run import RunResult

__all__ = [
    "Event",
    "EventFile",
    "HubUnreachableError",
    "PelEvaluationError",
    "PelSyntaxError",
    "PfnbError",
    "Response",
    "RunResult",
    "Webhook",
    "aevents",
    "arun",
    "command",
    "events",
    "function",
    "inspector",
    "language",
    "on",
    "run",
    "wait",
    "wait_for",
    "webhook",
]

_HOMES = {
    "Event": "pfnb.client.event",
    "EventFile": "pfnb.client.event",
    "HubUnreachableError": "pfnb.exceptions",
    "PelEvaluationError": "pfnb.exceptions",
    "PelSyntaxError": "pfnb.exceptions",
    "PfnbError": "pfnb.exceptions",
    "Response": "pfnb.language.response",
    "RunResult": "pfnb.language.run",
    "Webhook": "pfnb.kernel.objects.webhooks",
    "aevents": "pfnb.kernel.api",
    "arun": "pfnb.kernel.api",
    "command": "pfnb.kernel.api",
    "events": "pfnb.kernel.api",
    "function": "pfnb.functions",
    "inspector": "pfnb.kernel.objects.inspection",
    "on": "pfnb.kernel.api",
    "run": "pfnb.kernel.api",
    "wait": "pfnb.kernel.api",
    "wait_for": "pfnb.kernel.api",
    "webhook": "pfnb.kernel.api",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("importlib.metadata").version("pfnb")
    if name == "language":
        return import_module("pfnb.language")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'pfnb' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell: InteractiveShell) -> None:
    """`%load_ext pfnb`."""
    from pfnb.garbage import uncollected

    with uncollected():
        from pfnb.kernel.extension import load

        load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """`%unload_ext pfnb`."""
    from pfnb.kernel.extension import unload

    unload(shell)


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from pfnb.server.extension import PfnbExtension

    return [{"module": "pfnb.server.extension", "app": PfnbExtension}]
