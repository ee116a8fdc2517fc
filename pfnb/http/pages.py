"""What browsers may do with answers of pipelines: their bytes may be a stranger's, and come from the address of the hub's API.

An answer is a page of no origin: `sandbox` without `allow-same-origin`. So even a script cannot use the visitor's cookies and
storage, or read anything else at this address.
"""

from __future__ import annotations

INERT = (
    "sandbox allow-forms; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; form-action 'self'; "
    "base-uri 'none'"
)
"""No scripts, and nothing from elsewhere: styles and pictures within the page, and forms that are sent to this address."""
ISOLATED = (
    "sandbox allow-scripts allow-forms allow-modals allow-popups allow-popups-to-escape-sandbox allow-downloads "
    "allow-pointer-lock allow-presentation"
)
"""Of a webhook with `allowHtml`: everything but an origin."""
_SHOWN = frozenset({
    "application/pdf", "audio/mpeg", "audio/ogg", "audio/wav", "image/avif", "image/gif", "image/jpeg", "image/png", "image/webp",
    "video/mp4", "video/webm",
})  # fmt: skip


def policy_of(content_type: str, page: str = INERT) -> str | None:
    """The Content-Security-Policy of an answer; None for what browsers show by themselves and never run: in a sandbox they
    show no PDF. Only exact names count, since of `image/png, text/html` browsers take the last."""
    return None if content_type in _SHOWN else page
