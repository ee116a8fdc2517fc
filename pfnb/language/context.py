"""The run as its commands see it: the hub, the user, the log, the response to a waiting caller, and control of the run."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from pfnb.exceptions import AccessDeniedError, HubUnreachableError, PfnbError
from pfnb.language.acknowledgement import Acknowledgement
from pfnb.language.deferred import Lazy
from pfnb.language.formula import Formula
from pfnb.language.masking import Hidden
from pfnb.language.port import ANONYMOUS, SYSTEM_NAME, HubPort, User
from pfnb.language.response import Response
from pfnb.language.roles import ADMIN, RUN_AS_SOURCE, RUN_AS_TARGET, check_run_as, grants
from pfnb.language.scope import Scope
from pfnb.rows.account import UserRow

LogSink = Callable[[str, str], None]
"""Takes a level (TRACE, DEBUG, INFO, WARN, ERROR) and a message."""

MAX_MESSAGE = 100_000
"""Characters of a message."""
MAX_LOG = 5_000_000
"""Characters of all messages of a run, the pipelines it calls included."""
_LINE = 100
"""Extra cost of each message: it is written with a time, names and a trace."""
_LEVELS = {"TRACE": logging.DEBUG, "WARN": logging.WARNING}
_logger = logging.getLogger("pfnb.run")


def log_to_logger(level: str, message: str) -> None:
    """The default sink: Python's logger `pfnb.run`."""
    _logger.log(_LEVELS.get(level) or logging.getLevelNamesMapping()[level], "%s", message)


class RunLog:
    """The log of one run, in front of a sink: long messages are cut, and their total is bounded."""

    def __init__(self, sink: LogSink, hidden: Hidden) -> None:
        self._sink = sink
        self._hidden = hidden
        self._left = MAX_LOG

    def __call__(self, level: str, message: str) -> None:
        if self._left <= 0:
            return
        if len(message) > MAX_MESSAGE:
            message = f"{message[:MAX_MESSAGE]}… ({len(message):,} characters)"
        self._left -= _LINE + len(message)
        self._sink(level, self._hidden.masked(message))
        if self._left <= 0:
            self._sink("WARN", f"this run has logged {MAX_LOG:,} characters: its further messages are left out")


class ExitRun(Exception):  # noqa: N818 - not an error
    """Ends a run early as a success, as `exit` does."""


class Mock(Protocol):
    """A replacement for a command, used whenever its expression, if any, is true."""

    @property
    def when(self) -> Lazy | None: ...

    def apply(self, context: Context) -> None: ...


@dataclass(frozen=True, slots=True)
class Macro:
    """An expression that a pipeline has declared, with its arguments unless others are given."""

    do: Lazy
    args: Mapping[str, Any]

    def __call__(self, args: Mapping[str, Any] | None = None) -> Any:
        return self.do(**{**self.args, **(args or {})})


class Context:
    """One run, as its commands see it.

    `event` is the event that started the run, if any, `pipeline` the name or path of its pipeline, if any. `error` is the error
    ending the run, while steps of `except` and `finally` run. `has_output`: the current step has an `output`. `arguments` are
    its parameters as written, `computed` those with expressions. Set `response` to answer a waiting caller. `acknowledgement`
    is set if the run says itself what becomes of its message. `is_notebooks`: it runs in a notebook's kernel, whose files are
    the user's own. `mocks` holds the mocks by command, `macros` those that this pipeline has declared, by name, `hidden` the
    secrets that the run has used: its logs and its trace hide them.
    """

    call: Callable[..., Awaitable[Any]]
    """Runs another pipeline as part of this run: see `Execution.start`."""
    target_of: Callable[[str], Awaitable[Any]]
    """Returns what an address points to: see `Execution.target_of`."""

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
        is_notebooks: bool = False,
        hidden: Hidden | None = None,
    ) -> None:
        self.scope = scope
        self.user = user
        self.owner = owner
        self.hub = self._owners_hub = hub
        self.event = event
        self.log = log
        self.pipeline = pipeline
        self.is_notebooks = is_notebooks
        self.hidden = hidden or Hidden()
        self.response: Response | None = None
        self.acknowledgement: Acknowledgement | None = None
        self.has_output = False
        self.arguments: Mapping[str, Any] = {}
        self.computed: frozenset[str] = frozenset()
        self.error: PfnbError | None = None
        self.mocks: dict[str, list[Mock]] = {}
        self.macros: dict[str, Macro] = {}
        self._outer: Context | None = None

    def values(self) -> list[Any]:
        """All values that the run holds, including those of the calling pipelines."""
        own: list[Any] = [self.scope]
        return own if self._outer is None else [*own, *self._outer.values()]

    def beside(self, *, is_stored: bool) -> Context:
        """The context of another pipeline within the same run; only its scope differs.

        A stored pipeline belongs to the current user. If that is no longer the same user as before, its `iam.run.as` uses that
        user's rights, and mocks are not shared with it.
        """
        is_others = is_stored and self.hub is not self._owners_hub
        twin = Context(
            scope=self.scope,
            user=self.user,
            owner=self.user if is_others else self.owner,
            hub=self.hub if is_others else self._owners_hub,
            event=self.event,
            log=self.log,
            pipeline=self.pipeline,
            is_notebooks=self.is_notebooks,
            hidden=self.hidden,
        )
        twin.hub, twin.response, twin._outer = self.hub, self.response, self
        twin.acknowledgement = self.acknowledgement
        twin.mocks = {} if is_others else self.mocks
        return twin

    def says(self, *parameters: str) -> bool:
        """Whether the current step's values for these parameters cannot come from strangers: they are literal, or no event
        started the run."""
        return self.event is None or self.computed.isdisjoint(parameters)

    def is_address(self, parameter: str) -> bool:
        """Whether the current step has this parameter written as an address, such as `$uri:property:PATH`."""
        written = self.arguments.get(parameter)
        return isinstance(written, Formula) and written.is_address

    def mock(self, command: str, mock: Mock) -> None:
        """Mock a command in the following steps."""
        self.mocks.setdefault(command, []).insert(0, mock)

    def exit(self) -> None:
        """End the run here: only steps after `finally` still run."""
        raise ExitRun

    async def run_as(self, username: str, *, is_literal: bool = False) -> None:
        """Run the following steps as another user, also towards the hub.

        A pipeline may always switch to its owner, or to anonymousUser, who sees the owner's part of the hub; with an `ADMIN` as
        owner also to systemuser, who sees the same. For any other user, both sides need a role. Raises AccessDeniedError, which
        names what is missing, and NotFoundError.

        For a name written in the pipeline (`is_literal`) the owner's rights count. A computed name may come from a stranger:
        the rights of the current user count.
        """
        if username == ANONYMOUS.name:
            self.user, self.hub = ANONYMOUS, self._owners_hub
        elif not is_literal:
            await self._run_as_computed(username)
        elif username == self.owner.name and not self.owner.anonymous:
            self.user, self.hub = self.owner, self._owners_hub
        elif username == SYSTEM_NAME and ADMIN in self.owner.roles:
            self.user, self.hub = User(SYSTEM_NAME, self.owner.roles), self._owners_hub
        elif username != self.user.name:
            await self._switch(username, self.owner)

    async def _run_as_computed(self, username: str) -> None:
        if username == self.user.name:
            return
        if not grants(self.user.roles, RUN_AS_SOURCE):
            await self.refused("iam.run.as", RUN_AS_SOURCE)
            raise AccessDeniedError(
                f"{self.user.name} may not run as a user whose name comes from an expression: this needs the role "
                f'{RUN_AS_SOURCE} for {self.user.name}. Write the name literally instead, such as "- iam.run.as: '
                f'{{username: {self.owner.name}}}"'
            )
        if username == SYSTEM_NAME and ADMIN in self.user.roles and self.hub is self._owners_hub:
            self.user = User(SYSTEM_NAME, self.user.roles)
        else:
            await self._switch(username, self.user)

    async def _switch(self, username: str, source: User) -> None:
        """Switch to this user with the source's rights. Raises AccessDeniedError and NotFoundError."""
        found: UserRow = await self._owners_hub.iam("find_user", username=username)
        user = User(found["name"], frozenset(found["roles"]))
        try:
            check_run_as(source, user)
        except AccessDeniedError:
            has_source = grants(source.roles, RUN_AS_SOURCE)
            await self.refused("iam.run.as", RUN_AS_TARGET if has_source else RUN_AS_SOURCE)
            raise
        is_owner = user.name == self.owner.name
        self.user, self.hub = user, self._owners_hub if is_owner else self._owners_hub.as_user(user)

    async def refused(self, command: str, missing: str, pipeline: str | None = None) -> None:
        """Let the hub log that this user may not run a command, of the run's own pipeline unless another is named. Does nothing
        without a hub."""
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
