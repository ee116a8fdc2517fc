"""What a run gives to its commands: the hub, the user, the log, the answer to a waiting caller, and a say in how it goes on."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol

from pfnb.exceptions import AccessDeniedError, HubUnreachableError, PfnbError
from pfnb.language.deferred import Lazy
from pfnb.language.port import ANONYMOUS, SYSTEM_NAME, HubPort, User
from pfnb.language.roles import ADMIN, RUN_AS_SOURCE, RUN_AS_TARGET, check_run_as, grants
from pfnb.language.run import Response
from pfnb.language.scope import Scope

LogSink = Callable[[str, str], None]
"""Takes a level (TRACE, DEBUG, INFO, WARN, ERROR) and a message."""

_LEVELS = {"TRACE": logging.DEBUG, "WARN": logging.WARNING}
_logger = logging.getLogger("pfnb.run")


def log_to_logger(level: str, message: str) -> None:
    """The sink used where no other is given: Python's logger `pfnb.run`."""
    _logger.log(_LEVELS.get(level) or logging.getLevelNamesMapping()[level], "%s", message)


class ExitRun(Exception):  # noqa: N818 - not an error
    """Ends a run early, as `exit` does; it has succeeded."""


class Mock(Protocol):
    """What stands in for a command, whenever the expression is true, if there is one."""

    @property
    def when(self) -> Lazy | None: ...

    def apply(self, context: Context) -> None: ...


class Context:
    """One run, as its commands see it.

    `event` is what the run was started with, if by an event, `pipeline` the name or path of what is run, if it has one. `error`
    is on its way out of the run while steps of `except` and `finally` run. `has_output`: the current step says by `output`
    where its result goes. Set `response` to answer a waiting caller. `mocks` holds, by command, what stands in for it, `stack`
    what `body.push` has put aside.
    """

    call: Callable[..., Awaitable[Any]]
    """Runs another pipeline as part of this run: see `Execution.start`."""

    def __init__(
        self,
        *,
        scope: Scope,
        user: User,
        owner: User,
        hub: HubPort,
        event: Any,
        log: LogSink,
        pipeline: str | None = None,
    ) -> None:
        self.scope = scope
        self.user = user
        self.owner = owner
        self.hub = self._owners_hub = hub
        self.event = event
        self.log = log
        self.pipeline = pipeline
        self.response: Response | None = None
        self.has_output = False
        self.stack: list[Any] = []
        self.error: PfnbError | None = None
        self.mocks: dict[str, list[Mock]] = {}

    def beside(self) -> Context:
        """The context of another pipeline within the same run: everything but its scope is the same as here."""
        twin = Context(
            scope=self.scope,
            user=self.user,
            owner=self.owner,
            hub=self._owners_hub,
            event=self.event,
            log=self.log,
            pipeline=self.pipeline,
        )
        twin.hub, twin.response, twin.mocks = self.hub, self.response, self.mocks
        return twin

    def mock(self, command: str, mock: Mock) -> None:
        """Let something stand in for a command in the steps that follow."""
        self.mocks.setdefault(command, []).insert(0, mock)

    def exit(self) -> None:
        """End the run here: only what stands behind `finally` is still run."""
        raise ExitRun

    async def run_as(self, username: str) -> None:
        """Run the steps that follow as another user, who is then whom the hub answers.

        Whoever wrote the pipeline may lift it to themselves, or drop to anonymousUser, who sees of the hub what the owner's
        pipelines see; so does systemuser, for an owner who may do everything as well. Anybody else takes roles on both sides:
        AccessDeniedError names what is missing; NotFoundError if there is no such user.
        """
        if username == ANONYMOUS.name:
            self.user, self.hub = ANONYMOUS, self._owners_hub
        elif username == self.owner.name and not self.owner.anonymous:
            self.user, self.hub = self.owner, self._owners_hub
        elif username == SYSTEM_NAME and ADMIN in self.owner.roles:
            self.user, self.hub = User(SYSTEM_NAME, self.owner.roles), self._owners_hub
        elif username != self.user.name:
            found = await self._owners_hub.iam("find_user", username=username)
            user = User(found["name"], frozenset(found["roles"]))
            try:
                check_run_as(self.owner, user)
            except AccessDeniedError:
                has_source = grants(self.owner.roles, RUN_AS_SOURCE)
                await self.refused("iam.run.as", RUN_AS_TARGET if has_source else RUN_AS_SOURCE)
                raise
            self.user, self.hub = user, self._owners_hub.as_user(user)

    async def refused(self, command: str, missing: str, pipeline: str | None = None) -> None:
        """Have the hub note that this user may not run a command, of the run's own pipeline unless another one is named.
        Without a hub there is nobody to note it."""
        trace_id = getattr(self.event, "trace_id", None)
        with suppress(HubUnreachableError):
            await self._owners_hub.iam(
                "refused",
                username=self.user.name,
                command=command,
                pipeline=pipeline or self.pipeline,
                trace_id=trace_id,
                missing=missing,
            )
