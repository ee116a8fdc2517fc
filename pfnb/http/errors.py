"""The one map from errors to HTTP answers. Nothing of ours or of the machine's inside ever leaves by it."""

from __future__ import annotations

import logging
from http.client import responses
from random import SystemRandom
from typing import Any

from tornado.web import HTTPError

from pfnb.exceptions import BusyError, PfnbError
from pfnb.hub.event import new_trace_id

log = logging.getLogger("pfnb.http")


def error_answer(error: BaseException | None, status: int = 500) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Status, JSON body and headers. An error that is not pfnb's own is logged, and answered without inner details."""
    trace_id = new_trace_id(None, SystemRandom())
    headers: dict[str, str] = {}
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
