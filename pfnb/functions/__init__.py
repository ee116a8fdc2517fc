"""The built-in functions of expressions, one module per group, each declared exactly as a user's own. The registry of a process
loads them when a function is first looked for."""

from functools import cache
from importlib import import_module

from pfnb.language.function import FunctionRegistry

_GROUPS = (
    "calc",
    "content",
    "convert",
    "data",
    "date",
    "hash",
    "iam",
    "instance",
    "json",
    "list",
    "path",
    "property",
    "resolve",
    "stored",
    "text",
    "uri",
    "user",
    "xml",
)


@cache
def load() -> FunctionRegistry:
    """Load all built-in functions, and return the registry."""
    for group in _GROUPS:
        import_module(f"{__name__}.{group}")
    return registry


registry = FunctionRegistry(load, __name__)
"""The one registry of a process: the built-in functions and a user's own."""
function = registry.function
