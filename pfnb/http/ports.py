"""The language's port for sessions: which methods there are, on whose behalf they are called, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, ClassVar

from annotated_types import Interval, MaxLen

from pfnb.exceptions import ParameterError
from pfnb.http.errors import error_answer
from pfnb.http.protocol import CALLS, DATA, OF_COMMANDS
from pfnb.http.site import Site
from pfnb.hub.access import HubAccess
from pfnb.hub.hub import Hub
from pfnb.hub.origin import Origin
from pfnb.hub.records.delivery import End, Outcome
from pfnb.language.checked import MOST, Checked
from pfnb.language.extent import shown
from pfnb.language.port import User
from pfnb.language.response import Response
from pfnb.language.roles import check_run_as
from pfnb.rows.error import ErrorRow

Methods = dict[str, Checked]
TAKE_BYTES = frozenset({"answer_run", *(name for name, call in CALLS.items() if call.takes_bytes)})
MAX_MADE = 1_000
"""The most users whose methods are cached."""
MAX_ENDS = 1_000
"""The most ends of runs in one call: while they are checked, the hub does nothing else."""


class Ports:
    """The hub's methods for commands, per user that an owner's pipelines run as."""

    def __init__(self, site: Site, origin: Origin) -> None:
        self._site = site
        self._origin = origin
        self._users = site.hub.users
        self._made: dict[tuple[User, User, str | None, str | None, Origin], Methods] = {}

    def of(self, owner: object, name: object) -> Methods:
        """The methods by name. AccessDeniedError unless pipelines of the owner may run as this user."""
        if not isinstance(owner, str) or not isinstance(name, str):
            raise ParameterError("a call must name its owner and its user by their usernames")
        return self.of_user(self._users.user(owner), self._origin, name)

    def of_user(self, behind: User, origin: Origin, name: object) -> Methods:
        """The same for a user from this origin, maybe with fewer roles than the hub has for them."""
        if not isinstance(name, str):
            raise ParameterError("a call must name its user by the username")
        user = behind if name == behind.name else self._users.user(name)
        if user is not behind:
            check_run_as(behind, user)
        key = (behind, user, self._users.uuid_of(behind.name), self._users.uuid_of(name), origin)
        methods = self._made.get(key)
        if methods is None:
            access = self._site.access(behind, origin)
            access = access if user is behind else access.as_user(user)
            methods = {name: Checked(name, getattr(access, name)) for name in OF_COMMANDS if name != "iam"}
            methods["iam"] = Checked("iam", partial(_iam, access))
            if len(self._made) >= MAX_MADE:  # users and their roles may change often
                self._made.clear()
            self._made[key] = methods
        return methods


async def _iam(access: HubAccess, action: str, fields: dict[str, Any] | None = None) -> Any:
    return await access.iam(action, **(fields or {}))


def call_of(head: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The method that a frame calls, and its arguments. Raises ParameterError."""
    method, arguments = head.get("method"), head.get("arguments")
    if not isinstance(method, str):
        raise ParameterError(f"a call's method must be a text, not {shown(method)}")
    if not isinstance(arguments, dict | None):
        raise ParameterError(f"{method[:100]}: arguments must be a JSON object, not {shown(arguments)}")
    return method, arguments or {}


async def called(methods: Methods, name: str, arguments: dict[str, Any], data: bytes) -> Any:
    """Call by name; `data` is the content for a method that takes one. ParameterError for an unknown name or arguments."""
    found = methods.get(name)
    if found is None:
        raise ParameterError(f"there is no call {shown(name)}: use one of {', '.join(methods)}")
    if name in TAKE_BYTES:
        arguments = {**arguments, DATA: data}
    return await found(arguments)


@dataclass(frozen=True, slots=True)
class Answered:
    """What a run answers to an HTTP caller who waits for it."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    status: Annotated[int, Interval(ge=200, le=599)]
    headers: dict[str, str | list[str]] = field(default_factory=dict)
    body: Any = None

    def to_json(self) -> dict[str, Any]:
        """ParameterError if it cannot be sent."""
        headers = Response(self.status, headers=self.headers).headers
        return {"status": self.status, "headers": headers, "body": self.body}


@dataclass(frozen=True, slots=True)
class Ended:
    """How a session reports the end of a run."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    delivery: Annotated[int, Interval(ge=0, lt=MOST)]
    lease: str
    status: str
    value: Any = None
    response: Answered | None = None
    error: dict[str, Any] | None = None
    steps: list[dict[str, Any]] | None = None
    skipped: bool = False
    final: bool = False

    def to_end(self) -> End:
        is_success = self.status == "succeeded"
        response = self.response.to_json() if self.response is not None else None
        outcome = Outcome(is_success, self.value, response, self.error, tuple(self.steps or ()), self.final)
        return End(self.delivery, self.lease, outcome, self.skipped)


async def finish_deliveries(hub: Hub, ends: Annotated[list[Ended], MaxLen(MAX_ENDS)]) -> list[ErrorRow | None]:
    errors = await hub.dispatcher.finish_all([ended.to_end() for ended in ends])
    return [None if error is None else error_answer(error)[1] for error in errors]
