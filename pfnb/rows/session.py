"""Frames of a session that are neither calls nor deliveries."""

from typing import Any, Literal, NotRequired, TypedDict

from pfnb.rows.account import UserRow


class WelcomeFrame(TypedDict):
    """The hub's answer to a kernel's hello. `since` is the sequence number of the newest event when the session first began;
    `moved` says that webhooks had another address before."""

    type: Literal["welcome"]
    owner: str
    roles: list[str]
    hub: str
    durable: bool
    publicUrl: str | None
    since: int
    notebook: str
    moved: NotRequired[str]


class CallerFrame(TypedDict):
    """What a caller asked a worker to run: a `command` with its `parameters`, a `pipeline`, or the pipeline of a `form`. `name`
    is the path of a stored pipeline."""

    type: Literal["run"]
    run: int
    user: UserRow
    name: str | None
    body: Any
    vars: NotRequired[dict[str, Any]]
    command: NotRequired[str]
    parameters: NotRequired[dict[str, Any]]
    pipeline: NotRequired[str]
    form: NotRequired[str]
