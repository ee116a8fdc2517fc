"""The hub's interface for commands, and its users: the only link between the language and everything outside a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from pfnb.language.roles import RUN, grants
from pfnb.rows.content import AttachmentRow, ContentReference
from pfnb.rows.delivery import RunRow
from pfnb.rows.drive import ContentCollection, DriveEntry
from pfnb.rows.endpoint import Attempt, EndpointRow, EndpointSecret, Resent, SentRow
from pfnb.rows.event import EventRow, Receipt, SentEvent
from pfnb.rows.hub import CachedValue, CacheEntry, HubInfo, HubStatus
from pfnb.rows.listener import EventMapping, JobRow
from pfnb.rows.property import ChangedProperty, PipelineSource, PropertyRow
from pfnb.rows.result import ResultRow
from pfnb.rows.run import StepRow
from pfnb.rows.secret import OpenSecret, SecretFormat, SecretRow
from pfnb.rows.webhook import HandshakeState, RefusedRow, WebhookRow

if TYPE_CHECKING:
    from pfnb.language.command import Command

F = TypeVar("F", bound=Callable[..., Any])
Exists = Literal["update", "skip", "error"]
"""What to do with a property that already exists."""
ANONYMOUS_NAME = "anonymousUser"
SYSTEM_NAME = "systemuser"
"""A technical user with all rights: pipelines of an `ADMIN` may run as this user on behalf of their owner."""


@dataclass(frozen=True, slots=True)
class User:
    """The user that a run acts as, with all effective roles. Without any, only commands declared `anonymous` may be run."""

    name: str
    roles: frozenset[str] = frozenset()

    @property
    def anonymous(self) -> bool:
        """The caller is unknown, as with a webhook."""
        return self.name == ANONYMOUS_NAME

    def may_run(self, command: Command) -> bool:
        return command.anonymous or grants(self.roles, f"{RUN}{command.name}")


ANONYMOUS = User(ANONYMOUS_NAME)
_REPEATABLE = "pfnb_repeatable"


def repeatable(method: F) -> F:
    """Mark a call of the hub as safe to repeat when it is unknown whether the first one arrived."""
    setattr(method, _REPEATABLE, True)
    return method


def is_repeatable(method: object) -> bool:
    return getattr(method, _REPEATABLE, False)


class HubPort(Protocol):
    """The hub as a command sees it.

    The hub implements it directly, a kernel's session over its connection; so every command runs in both.
    All methods raise PfnbErrors only.
    """

    async def put_webhook(self, fields: Mapping[str, Any]) -> WebhookRow:
        """Create a webhook, or update the one whose `uuid` is given. Returns the webhook object."""
        ...

    @repeatable
    async def get_handshake(self, uuid: str) -> HandshakeState:
        """The newest handshake of a webhook, and what its owner may need to finish it at the sender."""
        ...

    @repeatable
    async def get_webhooks(self, *, uuid: str | None = None, event_key: str | None = None) -> list[WebhookRow]:
        """The webhook objects of this user, narrowed by uuid and event key."""
        ...

    async def delete_webhook(self, uuid: str) -> WebhookRow:
        """Delete a webhook and return it. Raises NotFoundError."""
        ...

    async def rotate_webhook(self, uuid: str, *, overlap: float) -> WebhookRow:
        """Give a webhook a new uuid; the old one works for `overlap` more seconds. Returns the new webhook object."""
        ...

    @repeatable
    async def webhook_logs(
        self, uuid: str, *, limit: int = 100, before: str | None = None, refused: bool = False
    ) -> list[EventRow] | list[RefusedRow]:
        """Received requests, newest first; `before` is the id of the row to continue after. With `refused`, the newest refused
        requests. Raises NotFoundError."""
        ...

    async def send_event(self, key: str, payload: Any = None, *, correlation_id: str | None = None) -> SentEvent:
        """Fire an event."""
        ...

    async def receive_webhook(self, uuid: str, payload: Any = None) -> Receipt:
        """Send a webhook a request with this body, a text or JSON, as an unknown caller would: the receipt does not say whether
        there is such a webhook, and its checks apply. Raises PayloadTooLargeError and RateLimitError."""
        ...

    @repeatable
    async def complete_result(self, correlation_id: str, value: Any = None) -> ResultRow:
        """Give the event of this correlation id its result, and its waiting caller the answer. The first result counts; one that
        is gone stays so. Raises ParameterError and PayloadTooLargeError."""
        ...

    @repeatable
    async def get_result(self, correlation_id: str, *, wait: float = 0) -> ResultRow:
        """What has become of the event of this correlation id, once it has ended, or after `wait` seconds, up to 60."""
        ...

    @repeatable
    async def list_results(self, status: str | None = None) -> list[ResultRow]:
        """The results of this user's events, oldest first, without their values."""
        ...

    @repeatable
    async def cancel_result(self, correlation_id: str) -> ResultRow:
        """End the runs of an event that has no result yet."""
        ...

    @repeatable
    async def ping_result(self, correlation_id: str) -> ResultRow:
        """Keep an event without a result for longer."""
        ...

    async def put_endpoint(self, fields: Mapping[str, Any]) -> EndpointRow:
        """Create an endpoint, or change the one with the id `endpoint`, or with this URL and event key. Raises
        AccessDeniedError for an address that may not be called."""
        ...

    @repeatable
    async def get_endpoints(
        self,
        *,
        endpoint: str | None = None,
        event_key: str | None = None,
    ) -> list[EndpointRow]:
        """This user's endpoints, narrowed by id and by an event key that they get."""
        ...

    async def delete_endpoint(self, endpoint: str) -> EndpointRow:
        """Delete an endpoint and return it. Raises NotFoundError."""
        ...

    @repeatable
    async def endpoint_secret(self, endpoint: str) -> EndpointSecret:
        """The secret with which an endpoint's messages are signed. Raises NotFoundError."""
        ...

    async def rotate_endpoint(self, endpoint: str, *, overlap: float, secret: str | None = None) -> EndpointRow:
        """Give an endpoint a new secret; the former one signs, too, for `overlap` more seconds."""
        ...

    @repeatable
    async def endpoint_logs(self, endpoint: str, *, limit: int = 20, before: str | None = None) -> list[SentRow]:
        """What was sent to an endpoint, newest first; `before` is the id of the row to continue after."""
        ...

    async def replay_endpoint(
        self,
        endpoint: str,
        *,
        event_id: str | None = None,
        since: int | None = None,
    ) -> Resent:
        """Send an event to an endpoint once more, or all that failed for good since a time."""
        ...

    async def test_endpoint(self, endpoint: str) -> Attempt:
        """Send a sample message to an endpoint, once."""
        ...

    @repeatable
    async def read_pipeline(self, path: str) -> PipelineSource:
        """A stored pipeline by its path, or as `uuid:` and its uuid, or a listening one by its name. Raises NotFoundError."""
        ...

    @repeatable
    async def event_mappings(self) -> list[EventMapping]:
        """This user's listening pipelines, and the events that they get."""
        ...

    async def put_secret(
        self, name: str, kind: SecretFormat, secret: str, *, minutes: float | None = None
    ) -> SecretRow:
        """Store a secret of this user, new or in place of another, for so many minutes. Raises ParameterError."""
        ...

    @repeatable
    async def get_secrets(self, name: str | None = None) -> list[SecretRow]:
        """What may be shown of this user's secrets, or of one of them. Raises NotFoundError."""
        ...

    async def delete_secret(self, name: str) -> None:
        """Delete a secret of this user. Raises NotFoundError."""
        ...

    @repeatable
    async def open_secret(self, name: str) -> OpenSecret:
        """A secret of this user with its value, to be sent to another server. Raises NotFoundError."""
        ...

    async def iam(self, action: str, /, **fields: Any) -> Any:
        """Call an action of the user management. `find_user` returns a UserRow, `auth_info` an AuthInfo, `list_users` and
        `role_members` a list of AccountRow, `create_user`, `get_user`, `delete_user` and `add_roles` an AccountRow, `create_role`
        and `add_composites` a RoleRow, `user_roles` names of roles, `api_token` the token, `list_tokens` a list of TokenRow,
        `delete_token` a TokenRow; `refused` logs that a run was refused a command."""
        ...

    def as_user(self, user: User) -> HubPort:
        """The same hub, called as this user."""
        ...

    @repeatable
    async def list_runs(self, listener: str, limit: int = 100, before: str | None = None) -> list[RunRow]:
        """The newest deliveries of a listener, older than the delivery `before`."""
        ...

    @repeatable
    async def read_steps(self, delivery: str) -> list[StepRow]:
        """The steps of a delivery's last run. Raises NotFoundError."""
        ...

    @repeatable
    async def list_jobs(self) -> list[JobRow]:
        """This user's stored pipelines that run by a schedule, by path."""
        ...

    @repeatable
    async def list_failed(self, *, limit: int = 20) -> list[RunRow]:
        """This user's deliveries that are running, failed, dead or being retried, newest event first."""
        ...

    @repeatable
    async def discard_delivery(self, delivery: str, *, reason: str | None = None) -> RunRow:
        """Discard a delivery that has not succeeded: it becomes dead, its run is stopped, and the next ones proceed. Returns
        its row. Raises NotFoundError, and ParameterError for one that has succeeded."""
        ...

    @repeatable
    async def read_content(self, content_id: str, offset: int = 0, size: int | None = None) -> bytes:
        """The bytes behind a content reference, at most `size` of them from `offset` on; `content_id` is the last part of
        `$uri:attachment:<id>`. Raises NotFoundError, also for an id not signed for this user."""
        ...

    @repeatable
    async def are_genuine(self, content_ids: Sequence[str]) -> bool:
        """Whether the hub signed all these content ids for this user; the contents may be gone."""
        ...

    @repeatable
    async def put_content(self, data: bytes, *, name: str, content_type: str) -> ContentReference:
        """Store bytes for a while and return a content reference. Raises PayloadTooLargeError."""
        ...

    @repeatable
    async def get_property(self, path: str) -> PropertyRow:
        """The property at this path, or given as `uuid:` and its uuid. Paths are relative to the namespace, or absolute within
        it. Raises NotFoundError."""
        ...

    @repeatable
    async def list_properties(self, pattern: str, *, values: bool = True, trashed: bool = False) -> list[PropertyRow]:
        """This user's properties that match a path or pattern (`*` part of a name, `**` any number of names), sorted by path.
        Without `values` they have no `value` and `defaultValue`; with them, more than 32 MiB in all is an error. Those in the
        trash bin are among them only if `trashed`."""
        ...

    async def put_property(
        self, path: str, fields: Mapping[str, Any], *, exists: Exists = "update", as_data: bool = False
    ) -> ChangedProperty:
        """Create a property, or update, skip or refuse (`error`) an existing one. Fields are `value` (a text, or JSON),
        `defaultValue`, `type`, `timeToLive`, `tags`, `addTags` and `lock` (a map, null removes it); omitted ones stay unchanged.
        With `as_data` the value may come from a stranger, so it cannot create or change a pipeline or a function. Raises
        ParameterError, NameTakenError, PayloadTooLargeError and LockedError, as all calls do that change a locked property."""
        ...

    async def delete_properties(
        self, pattern: str, *, confirmed: bool = False, as_data: bool = False
    ) -> list[PropertyRow]:
        """Delete the properties that match a path or pattern, and return them. Raises ParameterError for a pattern that could
        delete everything, unless it is confirmed. With `as_data`, here and below, the path may come from a stranger and must
        not match a pipeline or a function."""
        ...

    async def copy_property(self, path: str, to: str, *, as_data: bool = False) -> PropertyRow:
        """Copy a property, without attachments, overwriting an existing one. Returns the copy."""
        ...

    async def move_property(self, path: str, to: str, *, as_data: bool = False) -> PropertyRow:
        """Move a property. Raises NameTakenError if the new path is taken."""

    @repeatable
    async def describe(self) -> HubInfo:
        """The hub: its address, its namespace, and when it started."""
        ...

    @repeatable
    async def status(self) -> HubStatus:
        """The hub's state for this user."""
        ...

    @repeatable
    async def scan_folders(self) -> list[str]:
        """The folders that the hub's owner allows to be scanned for leaked secrets."""
        ...

    async def put_attachment(
        self, path: str, name: str, content: Mapping[str, Any], *, content_type: str | None = None
    ) -> AttachmentRow:
        """Attach a copy of a reference's content to a property, replacing an attachment of the same name.
        Returns the attachment: a content reference, with `created` and `updated`. Raises NotFoundError."""
        ...

    @repeatable
    async def list_attachments(self, path: str) -> list[AttachmentRow]:
        """A property's attachments, by name. Raises NotFoundError."""
        ...

    async def delete_attachment(self, path: str, name: str) -> None:
        """Delete an attachment. Raises NotFoundError."""
        ...

    @repeatable
    async def read_files(self, path: str) -> ContentReference | ContentCollection:
        """A file of this user's drive, or all files of a folder. Raises NotFoundError and PayloadTooLargeError. Here and below
        a path that leads out of the drive is a ParameterError."""
        ...

    @repeatable
    async def save_file(self, path: str, content: Mapping[str, Any]) -> DriveEntry:
        """Copy a reference's content into the drive, replacing a file at this path. Raises NotFoundError, NameTakenError and
        PayloadTooLargeError."""
        ...

    @repeatable
    async def write_file(self, path: str, data: bytes) -> DriveEntry:
        """The same for these bytes."""
        ...

    @repeatable
    async def list_files(
        self,
        path: str,
        *,
        recursive: bool = False,
        include: str | None = None,
        kind: Literal["file", "folder"] | None = None,
    ) -> list[DriveEntry]:
        """What is in a folder of the drive, or below it, by path: what fits the pattern `include` and is of this kind."""
        ...

    @repeatable
    async def copy_file(self, path: str, to: str) -> DriveEntry:
        """Copy a file or folder of the drive into the folder `to`, replacing files. Raises NotFoundError, NameTakenError."""
        ...

    async def move_file(self, path: str, to: str) -> DriveEntry:
        """Move a file or folder of the drive into the folder `to`. Raises NotFoundError, NameTakenError."""
        ...

    @repeatable
    async def delete_file(self, path: str) -> bool:
        """Delete a file or folder of the drive. Returns whether there was one."""
        ...

    @repeatable
    async def make_folder(self, path: str, *, recurse: bool = False) -> DriveEntry:
        """Create a folder in the drive unless it is there; with `recurse` those around it, too. Raises NotFoundError and
        NameTakenError."""
        ...

    @repeatable
    async def has_file(self, path: str) -> bool:
        """Whether the drive has such a file or folder."""
        ...

    @repeatable
    async def put_cached(self, key: str, value: Any, *, seconds: float) -> CacheEntry:
        """Cache JSON for this user's pipelines. Returns the entry. Raises ParameterError and PayloadTooLargeError."""
        ...

    async def get_cached(self, key: str, *, remove: bool = False) -> CachedValue | None:
        """The entry of this key with its `value`, None if missing or expired; `remove` deletes it."""
        ...

    @repeatable
    async def list_cached(self) -> list[CacheEntry]:
        """All entries of this user, the oldest first."""
        ...
