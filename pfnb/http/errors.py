"""The one map from errors to HTTP answers. It never reveals internals of pfnb or the machine."""

from __future__ import annotations

import logging
from http.client import responses

from tornado.web import HTTPError

from pfnb.exceptions import BusyError, PfnbError, StoreBusyError
from pfnb.hub.randomness import SystemBits
from pfnb.hub.records.event import new_trace_id
from pfnb.hub.supervision import lacking
from pfnb.rows.error import ErrorRow

log = logging.getLogger("pfnb.http")
RETRY_SECONDS = 10


def error_answer(error: BaseException | None, status: int = 500) -> tuple[int, ErrorRow, dict[str, str]]:
    """Status, JSON body and headers. An error that is not pfnb's own is logged, and answered without inner details. A lack
    of memory or of file descriptors is not the request's fault."""
    trace_id = new_trace_id(None, SystemBits(batch=16))
    headers: dict[str, str] = {}
    if error is not None and (what := lacking(error)):
        error = StoreBusyError(f"the hub has {what} now; send it again later", retry_after=RETRY_SECONDS)
    if isinstance(error, PfnbError):
        status, body = error.status, error.to_json()
        if isinstance(error, BusyError):
            headers["Retry-After"] = str(error.retry_after)
    else:
        if isinstance(error, HTTPError):
            status = error.status_code
        elif error is not None:
            log.error("request %s failed", trace_id, exc_info=error)
        body = {
            "status": "error",
            "statusCode": status,
            "statusMessage": responses.get(status, "Error"),
            "errorType": "HttpError",
        }
    return status, {**body, "traceId": trace_id}, headers
