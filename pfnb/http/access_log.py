"""The access log: one line a request, with as much of a webhook's secret as tells which one it was."""

from __future__ import annotations

import logging
from collections.abc import Callable
from urllib.parse import parse_qsl

from tornado.web import RequestHandler

from pfnb.hub.request import canonical_uuid
from pfnb.language.masking import masked_uuid

access_log = logging.getLogger("pfnb.access")
_NAMES = ("uuid", "token")


def log_access(handler: RequestHandler) -> None:
    """Log a request that has been answered: errors of ours as warnings, what was refused as a piece of information, and the
    rest, which may be thousands a second, for who looks for it."""
    status = handler.get_status()
    level = logging.WARNING if status >= 500 else logging.INFO if status >= 400 else logging.DEBUG
    if access_log.isEnabledFor(level):
        request = handler.request
        milliseconds = request.request_time() * 1000
        access_log.log(
            level,
            "%d %s %s %.1f ms",
            status,
            request.method,
            shown_target(request.path, request.query),
            milliseconds,
        )


def logged_by(others: Callable[[RequestHandler], None], ours: type[RequestHandler]) -> Callable[[RequestHandler], None]:
    """A log function that leaves other handlers' requests to another one."""
    return lambda handler: log_access(handler) if isinstance(handler, ours) else others(handler)


def shown_target(path: str, query: str) -> str:
    """The path, and of the query only the ends of the uuids that name a webhook: anything else may be a secret, too."""
    named = [(name, canonical_uuid(value)) for name, value in parse_qsl(query) if name in _NAMES]
    shown = "&".join(f"{name}={masked_uuid(uuid)}" for name, uuid in named if uuid is not None)
    return f"{path}?{shown}" if shown else path
