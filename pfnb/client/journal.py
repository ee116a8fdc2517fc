"""Logs of listeners and errors of their runs, in Python's logger `pfnb.listener`: for services, where nobody sees a board."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping

from pfnb.exceptions import ParameterError

VARIABLE = "PFNB_LOG"
_LEVELS = {"TRACE": logging.DEBUG, "WARN": logging.WARNING}
_LONGEST = 2000

_logger = logging.getLogger("pfnb.listener")
_logger.addHandler(logging.NullHandler())  # or Python would print warnings under the last cell


def note(level: str, listener: str, message: str, trace_id: str) -> None:
    """Log one line, with secrets masked. `level` as in the `log` command."""
    number = _LEVELS.get(level) or logging.getLevelNamesMapping()[level]
    if not _logger.isEnabledFor(number):
        return
    from pfnb.display.visible import visible
    from pfnb.language.masking import Mask

    mask = Mask.for_entries([{"traceId": trace_id}])
    _logger.log(number, "%s %s %s", listener, trace_id, visible(mask.head(message, _LONGEST), one_line=True))


class Journal:
    """Writes these lines to the kernel's standard output, from `open` to `close`, if the environment asks for it.

    What listeners print then goes there, too, and not to their boards.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._level = environ.get(VARIABLE, "")
        self.is_wanted = bool(self._level)
        self._handler = logging.StreamHandler(sys.stdout)
        self._handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))

    def open(self) -> None:
        """Begin to write. ParameterError for an unknown level."""
        if not self.is_wanted:
            return
        if self._level not in logging.getLevelNamesMapping():
            raise ParameterError(f"{VARIABLE} must be a level such as INFO or WARNING, not {self._level!r}")
        _logger.setLevel(self._level)
        _logger.addHandler(self._handler)

    def close(self) -> None:
        _logger.removeHandler(self._handler)
        _logger.setLevel(logging.NOTSET)
