"""Masks webhook secrets, and anything that looks like a credential, in all logs of a hub. It filters at the loggers: Tornado and
Jupyter also log requests that none of our handlers has seen, or could parse.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection
from traceback import format_exception

from pfnb.language.masking import MASK, Mask

ABOUT_REQUESTS = ("tornado.access", "tornado.application", "tornado.general", "pfnb.access", "pfnb.http")
ABOUT_ALL = ("pfnb.hub", "pfnb.worker", "asyncio")

_HEX = "[0-9a-fA-F]"
_HEX_DIGIT = re.compile(_HEX)
_DASH = "(?:-|%2[dD])?"
_UUID = re.compile(
    rf"(?P<before>(?:kernels|sessions|terminals)(?:/|%2[fF]))?(?<!{_HEX})"
    rf"(?P<uuid>{_HEX}{{8}}{_DASH}{_HEX}{{4}}{_DASH}{_HEX}{{4}}{_DASH}{_HEX}{{4}}{_DASH}{_HEX}{{6}}(?P<tail>{_HEX}{{6}}))"
)
_IN_AN_ADDRESS = re.compile(r"(?:/|%2f|\b(?:uuid|token)(?:\W|%3d){1,6})$", re.IGNORECASE)
_NEAR = 12
_TOKEN = re.compile(
    r"(?:p|%70)(?:f|%66)(?:n|%6e)(?:b|%62)(?:_|%5f)[\w%-]{10,}"  # percent-encoded or not, also after letters and %2F
    r"|(?:(?<![\w-])|(?<=%2f))(?=[\w-]*\d)(?-i:(?=[\w-]*[a-z])(?=[\w-]*[A-Z]))[\w-]{30,}",
    re.IGNORECASE,
)
"""API tokens, and anything shaped like a hub's own token."""


class LogMask(logging.Filter):
    """Masks records and drops none. `secrets` are the webhooks' uuids; `values` are other texts to hide wherever they occur.
    Uuids of Jupyter's kernels and sessions stay readable. In records about requests every other uuid is masked; elsewhere, those
    that are known or part of an address. Jupyter's token, 48 hex digits, stays readable: its user logs in with the address that
    Jupyter logs."""

    def __init__(
        self, secrets: Callable[[], Collection[str]], values: Callable[[], Collection[str]], *, about_requests: bool
    ) -> None:
        super().__init__()
        self._secrets = secrets
        self._values = values
        self._about_requests = about_requests

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        shown = self.masked(message)
        if shown != message:
            record.msg, record.args = shown, ()
        for name in ("exc_text", "stack_info"):
            text = getattr(record, name)
            if text:
                setattr(record, name, self.masked(text))
        if record.exc_info and record.exc_info[1] is not None and not record.exc_text:
            text = "".join(format_exception(record.exc_info[1])).rstrip("\n")
            shown = self.masked(text)
            if shown != text:
                # Formatters write this text; the exception itself, which may hold secrets, is dropped.
                record.exc_text, record.exc_info = shown, None
        return True

    def masked(self, text: str) -> str:
        for value in self._values():
            if value in text:
                text = text.replace(value, MASK)
        if self._about_requests:
            return _UUID.sub(self._hidden, _TOKEN.sub(MASK, Mask().text(text)))
        return _UUID.sub(self._hidden, text)

    def _hidden(self, found: re.Match[str]) -> str:
        if found["before"]:
            return found[0]
        canonical = re.sub(_DASH.removesuffix("?"), "", found["uuid"]).lower()
        known = (
            f"{canonical[:8]}-{canonical[8:12]}-{canonical[12:16]}-{canonical[16:20]}-{canonical[20:]}"
            in self._secrets()
        )
        before = found.string[max(0, found.start() - _NEAR) : found.start()]
        whole = not _HEX_DIGIT.match(found.string, found.end())
        if known or self._about_requests or (whole and _IN_AN_ADDRESS.search(before)):
            return f"…{found['tail'].lower()}"
        return found[0]


class MaskedLogs:
    """Filters on the loggers of a hub, and on further ones, from `begin` to `end`."""

    def __init__(
        self, secrets: Callable[[], Collection[str]], values: Callable[[], Collection[str]] = frozenset
    ) -> None:
        self._strict = LogMask(secrets, values, about_requests=True)
        self._lenient = LogMask(secrets, values, about_requests=False)
        self._filtered: list[tuple[logging.Filterer, LogMask]] = []

    def begin(self, *others: logging.Filterer) -> None:
        """May be called again, with others."""
        pairs: list[tuple[logging.Filterer, LogMask]] = [(each, self._lenient) for each in others]
        pairs += [(logging.getLogger(name), self._strict) for name in ABOUT_REQUESTS]
        pairs += [(logging.getLogger(name), self._lenient) for name in ABOUT_ALL]
        for logger, mask in pairs:
            logger.addFilter(mask)
            self._filtered.append((logger, mask))

    def end(self) -> None:
        for logger, mask in self._filtered:
            logger.removeFilter(mask)
        self._filtered.clear()
