"""What a command may ask of the hub, and who asks: the one door between the language and everything outside a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pfnb.language.roles import RUN, grants

if TYPE_CHECKING:
    from pfnb.language.command import Command

Exists = Literal["update", "skip", "error"]
"""What to do with a property that is there already."""
ANONYMOUS_NAME = "anonymousUser"
SYSTEM_NAME = "systemuser"
"""Who may do everything and is nobody: pipelines of whoever may do everything, too, act as this user for their owner."""


@dataclass(frozen=True, slots=True)
class User:
    """Who a run acts as, with all roles that count. Without any, only commands declared `anonymous` may be run."""

    name: str
    roles: frozenset[str] = frozenset()

    @property
    def anonymous(self) -> bool:
        """Nobody is known to ask: a webhook did."""
        return self.name == ANONYMOUS_NAME

    def may_run(self, command: Command) -> bool:
        return command.anonymous or grants(self.roles, f"{RUN}{command.name}")


ANONYMOUS = User(ANONYMOUS_NAME)


class HubPort(Protocol):
    """The hub as a command sees it.

    The hub implements it directly, a kernel's session over its connection; every command therefore runs in both homes.
    All methods raise PfnbErrors only.
    """

    async def put_webhook(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Create a webhook, or update the one whose `uuid` is given. Returns the webhook object."""
        ...

    async def get_webhooks(self, *, uuid: str | None = None, event_key: str | None = None) -> list[dict[str, Any]]:
        """The webhook objects of this user, narrowed by uuid and event key."""
        ...

    async def delete_webhook(self, uuid: str) -> dict[str, Any]:
        """Delete a webhook and return what it was. Raises NotFoundError."""
        ...

    async def rotate_webhook(self, uuid: str, *, overlap: float) -> dict[str, Any]:
        """Give a webhook a new uuid; the old one works for `overlap` more seconds. Returns the new webhook object."""
        ...

    async def webhook_logs(self, uuid: str, *, limit: int = 100, before: str | None = None) -> list[dict[str, Any]]:
        """Received requests, newest first; `before` is the id of the row to continue after. Raises NotFoundError."""
        ...

    async def send_event(self, key: str, payload: Any = None, *, correlation_id: str | None = None) -> dict[str, Any]:
        """Fire an event. Returns `id`, `eventKey`, `traceId`, `correlationId` and `created` (milliseconds)."""
        ...

    async def read_pipeline(self, path: str) -> dict[str, Any]:
        """A stored pipeline by its path, or as `uuid:` and its uuid, or a listening one by its name: `path` and `source`. Raises
        NotFoundError."""
        ...

    async def event_mappings(self) -> list[dict[str, Any]]:
        """Which pipeline of this user listens to what: `eventKey`, `pipeline`, and the `notebook` it is in, None for a stored
        one."""
        ...

    async def iam(self, action: str, **fields: Any) -> Any:
        """Ask for something about users: `find_user`, `auth_info`, `create_user`, `get_user`, `list_users`, `delete_user`,
        `add_roles`, `create_role`, `add_composites`, `role_members`, `api_token`, or tell that one was `refused`."""
        ...

    def as_user(self, user: User) -> HubPort:
        """The same hub, asked by this user."""
        ...

    async def list_runs(self, listener: str, limit: int = 100, before: str | None = None) -> list[dict[str, Any]]:
        """The newest deliveries of a listener, below the delivery `before`: id, eventId, eventKey, created, status, attempts,
        error."""
        ...

    async def read_steps(self, delivery: str) -> list[dict[str, Any]]:
        """The step records of a delivery's last run, as `StepRecord.to_json` makes them. Raises NotFoundError."""
        ...

    async def read_content(self, content_id: str, offset: int = 0, size: int | None = None) -> bytes:
        """The bytes behind a content reference, at most `size` of them from `offset` on; `content_id` is the last part of
        `$uri:attachment:<id>`. Raises NotFoundError."""
        ...

    async def put_content(self, data: bytes, *, name: str, content_type: str) -> dict[str, Any]:
        """Keep bytes for a while; a content reference to them. Raises PayloadTooLargeError."""
        ...

    async def get_property(self, path: str) -> dict[str, Any]:
        """The property at this path: `path`, `uuid`, `value` (a text), `defaultValue`, `type`, `created`, `updated`, `timeToLive`
        (minutes), `tags`. Paths are relative to the namespace, or absolute within it. Raises NotFoundError."""
        ...

    async def list_properties(self, pattern: str) -> list[dict[str, Any]]:
        """This user's properties that a path or pattern means (`*` part of a name, `**` any number of names), by path."""
        ...

    async def put_property(self, path: str, fields: Mapping[str, Any], *, exists: Exists = "update") -> dict[str, Any]:
        """Create a property, or update, skip or refuse (`error`) the one that is there: `result` says `create`, `update` or
        `skip`, `property` is what is there now. Fields are `value` (a text, or JSON), `defaultValue`, `type`, `timeToLive` and
        `tags`; what is not given stays. Raises ParameterError, NameTakenError and PayloadTooLargeError."""
        ...

    async def delete_properties(self, pattern: str, *, confirmed: bool = False) -> list[dict[str, Any]]:
        """Delete what a path or pattern means, and return it. Raises ParameterError for a pattern that could delete everything,
        unless it is confirmed."""
        ...

    async def copy_property(self, path: str, to: str) -> dict[str, Any]:
        """Copy a property, without attachments, over whatever is there. Returns the copy."""
        ...

    async def move_property(self, path: str, to: str) -> dict[str, Any]:
        """Give a property another path. Raises NameTakenError when there is one already."""

    async def describe(self) -> dict[str, Any]:
        """The hub: its `url` as this user's side reaches it, its `namespace`, and when it `started` (milliseconds)."""
        ...

    async def put_attachment(
        self, path: str, name: str, content: Mapping[str, Any], *, content_type: str | None = None
    ) -> dict[str, Any]:
        """Attach a copy of what a content reference stands for to a property, in the place of an attachment of that name.
        Returns the attachment: a content reference, with `created` and `updated`. Raises NotFoundError."""
        ...

    async def list_attachments(self, path: str) -> list[dict[str, Any]]:
        """A property's attachments, by name. Raises NotFoundError."""
        ...

    async def delete_attachment(self, path: str, name: str) -> None:
        """Delete an attachment. Raises NotFoundError."""
        ...

    async def put_cached(self, key: str, value: Any, *, seconds: float) -> dict[str, Any]:
        """Keep JSON for this user's pipelines. Returns the entry: `key`, `size` in bytes, `created` and `expires` in
        milliseconds. Raises ParameterError and PayloadTooLargeError."""
        ...

    async def get_cached(self, key: str, *, remove: bool = False) -> dict[str, Any] | None:
        """The entry of this key with its `value`, None if there is none (any more); `remove` takes it away."""
        ...

    async def list_cached(self) -> list[dict[str, Any]]:
        """All entries of this user, the oldest first."""
        ...
