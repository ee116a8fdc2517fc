"""The built-in commands, one module per group, each declared exactly as a user's own."""

from importlib import import_module

from pfnb.language.command import CommandRegistry, registry

_GROUPS = (
    "attachment",
    "body",
    "cache",
    "data",
    "datetime",
    "errors",
    "event",
    "flow",
    "http",
    "hub",
    "iam",
    "json",
    "leaks",
    "lists",
    "mapping",
    "outbound",
    "pipelines",
    "property",
    "requests",
    "testing",
    "transform",
    "webhook",
    "zip",
)


def load() -> CommandRegistry:
    """Load all built-in commands, and return the registry."""
    for group in _GROUPS:
        import_module(f"{__name__}.{group}")
    return registry
