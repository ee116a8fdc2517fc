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
    """The registry with all built-in commands in it, loaded now."""
    for group in _GROUPS:
        import_module(f"{__name__}.{group}")
    return registry
