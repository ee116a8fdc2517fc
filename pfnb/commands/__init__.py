"""The built-in commands, one module per group, each declared exactly as a user's own. The registry of a process
loads them when a command is first looked for."""

from functools import cache
from importlib import import_module

from pfnb.commands.elsewhere import reasons
from pfnb.language.command import CommandRegistry

_GROUPS = (
    "attachment",
    "body",
    "cache",
    "data",
    "datetime",
    "drive",
    "endpoint",
    "errors",
    "event",
    "flow",
    "function",
    "macro",
    "http",
    "hub",
    "iam",
    "job",
    "json",
    "leaks",
    "lists",
    "mail",
    "mapping",
    "message",
    "outbound",
    "pipelines",
    "property",
    "property_find",
    "property_lock",
    "property_query",
    "requests",
    "results",
    "schemas",
    "secret",
    "sql",
    "testing",
    "transform",
    "webhook",
    "zip",
)


@cache
def load() -> CommandRegistry:
    """Load all built-in commands, and return the registry."""
    for group in _GROUPS:
        import_module(f"{__name__}.{group}")
    return registry


registry = CommandRegistry(load, __name__, reasons)
"""The one registry of a process: the built-in commands and a user's own."""
command = registry.command
