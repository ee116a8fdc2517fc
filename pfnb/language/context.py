"""What a run gives to its commands: the hub, the user, the log, the answer to a waiting caller."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from pfnb.exceptions import AccessDeniedError
from pfnb.language.port import ANONYMOUS, HubPort, User
from pfnb.language.run import Response
from pfnb.language.scope import Scope

LogSink = Callable[[str, str], None]
"""Takes a level (TRACE, DEBUG, INFO, WARN, ERROR) and a message."""

_LEVELS = {"TRACE": logging.DEBUG, "WARN": logging.WARNING}
_logger = logging.getLogger("pfnb.run")


def log_to_logger(level: str, message: str) -> None:
    """The sink used where no other is given: Python's logger `pfnb.run`."""
    _logger.log(_LEVELS.get(level) or logging.getLevelNamesMapping()[level], "%s", message)


class Context:
    """One run, as its commands see it.

    `event` is what the run was started with, if by an event. `has_output`: the current step says by `output` where its
    result goes. Set `response` to answer a waiting caller. `stack` holds what `body.push` has put aside.
    """

    def __init__(self, *, scope: Scope, user: User, owner: User, hub: HubPort, event: Any, log: LogSink) -> None:
        self.scope = scope
        self.user = user
        self.owner = owner
        self.hub = hub
        self.event = event
        self.log = log
        self.response: Response | None = None
        self.has_output = False
        self.stack: list[Any] = []

    def run_as(self, username: str) -> None:
        """Run the steps that follow as another user: the pipeline's owner, or anonymousUser. Raises AccessDeniedError.

        Whoever wrote the pipeline may lift it to themselves, and nobody else.
        """
        if username == ANONYMOUS.name:
            self.user = ANONYMOUS
        elif username == self.owner.name and not self.owner.anonymous:
            self.user = self.owner
        elif username != self.user.name:
            raise AccessDeniedError(
                f"this pipeline belongs to {self.owner.name} and cannot run as {username}: that takes the role "
                f"CAN_RUN_AS_SOURCE for {self.owner.name} and CAN_RUN_AS_TARGET for {username}"
            )
