"""A webhook's own path below `{hub}/gateway/`, such as `orders/{id}`: literal segments, and parameters in braces."""

from __future__ import annotations

import re

from pfnb.exceptions import ParameterError

LONGEST = 500
MOST_SEGMENTS = 20
Shape = tuple[str | None, ...]
"""The segments of a path, None for each parameter: two paths of one shape would take the same requests."""

_LITERAL = re.compile(r"[A-Za-z0-9._~:@-]+")
_PARAMETER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


def path_of(given: object) -> str:
    """The path; empty for none. ParameterError for what cannot be one."""
    if not isinstance(given, str):
        raise ParameterError("path must be a text, such as orders/{id}")
    if not given:
        return given
    segments = given.split("/")
    if given.startswith("/") or len(given) > LONGEST or len(segments) > MOST_SEGMENTS:
        raise ParameterError(
            f"path must be relative, such as orders/{{id}}, with at most {MOST_SEGMENTS} segments and {LONGEST} characters"
        )
    for one in segments:
        if one in (".", "..") or not (_LITERAL.fullmatch(one) or _PARAMETER.fullmatch(one)):
            raise ParameterError(
                f"path: {one[:100]!r} is not a segment: write letters, digits and . _ ~ : @ -, or a parameter such as {{id}}"
            )
    names = parameters_in(given)
    if len(set(names)) < len(names):
        raise ParameterError("path: two parameters have the same name")
    return given


def parameters_in(path: str) -> list[str]:
    """The names of a path's parameters, in order."""
    return [found[1] for one in path.split("/") if (found := _PARAMETER.fullmatch(one))]


def shape_of(path: str) -> Shape:
    return tuple(None if _PARAMETER.fullmatch(one) else one for one in path.split("/"))
