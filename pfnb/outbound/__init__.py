"""Outbound calls: which targets are allowed, and how calls are signed, sent and retried."""

from pfnb.outbound.answer import Answer
from pfnb.outbound.content import SECRET_PREFIX, Content, FileContent, key_of, signature_headers
from pfnb.outbound.send import Attempts, UnansweredError, attempt, check_headers, place_of, send
from pfnb.outbound.targets import VARIABLE, Targets

__all__ = [
    "SECRET_PREFIX",
    "VARIABLE",
    "Answer",
    "Attempts",
    "Content",
    "FileContent",
    "Targets",
    "UnansweredError",
    "attempt",
    "check_headers",
    "key_of",
    "place_of",
    "send",
    "signature_headers",
]
