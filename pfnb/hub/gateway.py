"""The hub's gateway: which webhook has the path of a request, and the values of the path's parameters."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

from pfnb.commands.webhook_path import MOST_SEGMENTS, Shape, parameters_in, shape_of
from pfnb.hub.records.webhook import Webhook
from pfnb.language.charset import text_of


class Gateway:
    """The webhooks that have a path. Where two match, the one counts that is literal at the first segment where they differ."""

    def __init__(self, webhooks: Iterable[Webhook] = ()) -> None:
        self._by_shape = {shape_of(one.path): one.uuid for one in webhooks if one.path}
        self._kinds: dict[int, list[tuple[bool, ...]]] = {}
        for kind in sorted({tuple(one is None for one in shape) for shape in self._by_shape}):
            self._kinds.setdefault(len(kind), []).append(kind)

    def holder(self, shape: Shape) -> str | None:
        """The uuid of the webhook whose path has this shape."""
        return self._by_shape.get(shape)

    def find(self, path: str) -> str | None:
        """The uuid of the webhook that a request to this path is for. It takes as long whether or not there is one."""
        if path.count("/") > MOST_SEGMENTS:
            return None
        segments = segments_of(path)
        shapes = [
            tuple(None if is_parameter else one for is_parameter, one in zip(kind, segments, strict=True))
            for kind in self._kinds.get(len(segments), ())
            if all(segments)
        ]
        found = [self._by_shape.get(shape) for shape in shapes]
        return next(filter(None, found), None)


def segments_of(path: str) -> list[str]:
    """The decoded segments of a path as sent; a slash at the end does not count."""
    return [text_of(unquote_to_bytes(one)) for one in path.removesuffix("/").split("/")]


def values_in(path: str, pattern: str) -> dict[str, str]:
    """The values of a pattern's parameters in a path that matches it."""
    segments = zip(shape_of(pattern), segments_of(path), strict=True)
    return dict(zip(parameters_in(pattern), [value for one, value in segments if one is None], strict=True))
