"""The built-in functions of expressions, one module per group, each declared exactly as a user's own."""

from importlib import import_module

from pfnb.language.function import FunctionRegistry, registry

_GROUPS = (
    "calc",
    "content",
    "convert",
    "data",
    "date",
    "hash",
    "instance",
    "json",
    "list",
    "path",
    "property",
    "resolve",
    "text",
    "uri",
    "user",
    "xml",
)


def load() -> FunctionRegistry:
    """Load all built-in functions, and return the registry."""
    for group in _GROUPS:
        import_module(f"{__name__}.{group}")
    return registry
