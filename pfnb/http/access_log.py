"""The access log: one line per request, with the end of a webhook's secret, enough to identify it. Unless it logs at DEBUG, each
kind of trouble is logged once a minute: what fails for one caller, such as a full disk, fails for thousands."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from urllib.parse import parse_qsl

from tornado.web import RequestHandler

from pfnb.hub.receiving.naming import canonical_uuid, one_query
from pfnb.hub.supervision import Repeated
from pfnb.language.masking import Mask
from pfnb.uuid_tail import masked_uuid

access_log = logging.getLogger("pfnb.access")
_NAMES = ("uuid", "token")


class AccessLog:
    """Logs each request that has been answered."""

    def __init__(self) -> None:
        self._repeated = Repeated()
        self._left_out: Counter[int] = Counter()

    def __call__(self, handler: RequestHandler) -> None:
        """Server errors are logged as warnings, refusals as info, everything else (maybe thousands a second) as debug."""
        status = handler.get_status()
        level = logging.WARNING if status >= 500 else logging.INFO if status >= 400 else logging.DEBUG
        if not access_log.isEnabledFor(level):
            return
        only_troubles = level == logging.WARNING and not access_log.isEnabledFor(logging.DEBUG)
        if only_troubles and not self._repeated.is_due(str(status)):
            self._left_out[status] += 1
            return
        request = handler.request
        more = self._left_out.pop(status, 0)
        access_log.log(
            level,
            "%d %s %s %.1f ms%s",
            status,
            request.method,
            shown_target(request.path, request.query),
            request.request_time() * 1000,
            f" ({more:,} more with {status} since it was last logged)" if more else "",
        )


def logged_by(others: Callable[[RequestHandler], None], ours: type[RequestHandler]) -> Callable[[RequestHandler], None]:
    """A log function that passes requests of other handlers to `others`."""
    log_access = AccessLog()
    return lambda handler: log_access(handler) if isinstance(handler, ours) else others(handler)


def shown_target(path: str, query: str) -> str:
    """The path with only the ends of uuids, and of the query only the ends of webhook uuids: anything else may be a secret,
    too."""
    named = [(name, canonical_uuid(value)) for name, value in parse_qsl(one_query(query)) if name in _NAMES]
    shown = "&".join(f"{name}={masked_uuid(uuid)}" for name, uuid in named if uuid is not None)
    path = Mask(all_uuids=True).uuids(path)
    return f"{path}?{shown}" if shown else path
