"""The hub as one user's commands see it: the hub's own side of the language's port."""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import os
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from importlib.metadata import version
from typing import Annotated, Any, Literal
from urllib.parse import urlencode, urlsplit

from annotated_types import Interval

from pfnb.commands.endpoint import check_url
from pfnb.exceptions import AccessDeniedError, NotFoundError, OutboundError, ParameterError
from pfnb.hub.causation import HOPS, chain_to
from pfnb.hub.clock import now
from pfnb.hub.handshakes import HANDSHAKE
from pfnb.hub.hub import Hub, receipt_row
from pfnb.hub.keeping.contents import Content
from pfnb.hub.keeping.results import gone
from pfnb.hub.offload import in_thread_if_large
from pfnb.hub.origin import Origin
from pfnb.hub.people.iam import Iam
from pfnb.hub.preset_settings import hint_for, missing_secret, verify_token
from pfnb.hub.receiving.ingest import Ingest
from pfnb.hub.receiving.request import RequestHead
from pfnb.hub.records.endpoint import Endpoint
from pfnb.hub.records.property import Attachment
from pfnb.hub.records.webhook import Webhook
from pfnb.language.content import MAX_CHECKED, content_id_of, content_reference, without_codes
from pfnb.language.extent import check_written, shown
from pfnb.language.media_types import OCTETS
from pfnb.language.port import ANONYMOUS_NAME, SYSTEM_NAME, Exists, User
from pfnb.language.running.calls import BY_UUID, PIPELINE_TYPE
from pfnb.language.sizes import size_text
from pfnb.language.topics import check_event_key
from pfnb.language.utc import utc_time
from pfnb.outbound import Content as MessageContent
from pfnb.outbound import Targets
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

NOWHERE = Origin()
REMARKS = {
    "filter": "a request of {} was stored although the filter has no value for it",
    "repeatBy": "repetitions of a request of {} are not recognized",
}
"""What the owner of a webhook is told when one of these settings does not fit what was sent at a time."""
PIECE = 1024 * 1024
MAX_LOGS = 10_000
MAX_REASON = 500
MAX_PAGE = 500
RESOLVE_SECONDS = 3.0
_NUMBER = re.compile(r"[0-9]{1,18}")
MAX_OVERLAP = 31 * 24 * 3600
MAX_SECRET_MINUTES = 10 * 366 * 24 * 60


class HubAccess:
    """`url` is the hub's address as this user's side reaches it. Webhook addresses are built on it, or on the public one.
    `behind` are the users whose pipeline acts as this user: what their event brought stays readable."""

    def __init__(self, hub: Hub, user: User, url: str, behind: tuple[str, ...] = (), origin: Origin = NOWHERE) -> None:
        self._hub = hub
        self._asker = user
        self._uuid = hub.users.uuid_of(user.name)
        self._behind = behind
        self._origin = origin
        self._iam = Iam(hub.users, hub.audit, user, origin)
        self._own_url = url

    @property
    def _url(self) -> str:
        """What addresses of webhooks begin with. A tunnel may change it while a kernel is connected."""
        return (self._hub.settings.public_url or self._own_url).rstrip("/")

    @property
    def _user(self) -> User:
        self.check_there()
        return self._asker

    @property
    def _keeper(self) -> str:
        """Whose files a run makes and reads. Users that pipelines of all owners may act as have none of their own: owners would
        share them."""
        is_shared = self._user.name in (ANONYMOUS_NAME, SYSTEM_NAME)
        return self._behind[0] if is_shared and self._behind else self._user.name

    def check_there(self) -> None:
        """AccessDeniedError for a user deleted meanwhile: somebody else may have the name now. NotAuthenticatedError once the
        user's API token has ended: a run may outlive it."""
        self._hub.users.tokens.check(self._origin)
        if self._hub.users.uuid_of(self._asker.name) != self._uuid:
            raise AccessDeniedError(f"the user {self._asker.name} was deleted")

    async def put_webhook(self, fields: Mapping[str, Any]) -> WebhookRow:
        if fields.get("eventKey"):
            key = check_event_key(fields["eventKey"])
            if not self._hub.webhooks.list(self._user.name, key):
                self._hub.listeners.check_key(key, self._user.name)
        webhook = await self._hub.webhooks.put(fields, self._user.name, self._origin.notebook)
        changed = REMARKS.keys() if "preset" in fields else REMARKS.keys() & fields.keys()
        for setting in changed:
            self._hub.refusals.settle(webhook.uuid, setting)
        shown = self._warned(webhook)
        warnings = [shown["warning"]] if "warning" in shown else []
        if not _is_private_way(self._url):
            warnings.append(
                "this webhookUrl is neither https nor on this machine: others in the network can read its secret"
            )
        hard = self._hub.settings.limits.hard
        if shown["maxPayloadLength"] > hard:
            warnings.append(
                f"the hub itself accepts {size_text(hard)} at most, so this maxPayloadLength has no effect: start the hub "
                "with a larger --max-payload or PFNB_MAX_PAYLOAD"
            )
        if warnings:
            shown["warning"] = "; ".join(warnings)
        if hint := hint_for(webhook, self._hub.settings.secret):
            shown["hint"] = hint
        return shown

    async def get_webhooks(self, *, uuid: str | None = None, event_key: str | None = None) -> list[WebhookRow]:
        if uuid is not None:
            return [self._warned(self._hub.webhooks.get(uuid, self._user.name))]
        return [self._warned(webhook) for webhook in self._hub.webhooks.list(self._user.name, event_key)]

    async def get_handshake(self, uuid: str) -> HandshakeState:
        webhook = self._hub.webhooks.get(uuid, self._user.name)
        last = self._hub.refusals.remarked(webhook.uuid, HANDSHAKE)
        return {
            "preset": webhook.handshake,
            "last": None if last is None else {"created": last.created, "what": last.text},
            "verifyToken": verify_token(webhook, self._hub.settings.secret),
            "secret": await self._hub.handshakes.learned(webhook),
        }

    async def delete_webhook(self, uuid: str) -> WebhookRow:
        return {**self._show(await self._hub.webhooks.delete(uuid, self._user.name)), "active": False, "deleted": True}

    async def rotate_webhook(self, uuid: str, *, overlap: float) -> WebhookRow:
        if not 0 <= overlap <= MAX_OVERLAP:
            raise ParameterError(f"overlap must be from 0 to {MAX_OVERLAP} seconds (a month), not {overlap:g}")
        return self._show(await self._hub.webhooks.rotate(uuid, self._user.name, overlap))

    async def webhook_logs(
        self, uuid: str, *, limit: int = 100, before: str | None = None, refused: bool = False
    ) -> list[EventRow] | list[RefusedRow]:
        if not 1 <= limit <= MAX_LOGS:
            raise ParameterError(f"limit must be from 1 to {MAX_LOGS}, not {limit}")
        webhook = self._hub.webhooks.get(uuid, self._user.name)
        if refused:
            return self._hub.refusals.rows(webhook.uuid)[:limit]
        return await self._hub.history.logs(await self._hub.store.events.of_webhook(webhook.uuid, limit, before))

    async def send_event(self, key: str, payload: Any = None, *, correlation_id: str | None = None) -> SentEvent:
        event = await self._hub.send(
            key, payload, owner=self._user.name, correlation_id=correlation_id, notebook=self._origin.notebook
        )
        return {
            "id": event.id,
            "eventKey": event.event_key,
            "traceId": event.trace_id,
            "correlationId": event.correlation_id,
            "created": event.created,
        }

    async def receive_webhook(self, uuid: str, payload: Any = None) -> Receipt:
        self.check_there()
        check_written(payload)
        sent = MessageContent.of(payload)
        head = RequestHead(
            "POST",
            urlencode({"uuid": uuid}),
            (("Content-Type", sent.content_type or OCTETS), (HOPS, str(len(chain_to("webhook.receive"))))),
        )
        settings = self._hub.settings
        ingest = Ingest(head, settings.limits, settings.bodies)
        try:
            await asyncio.to_thread(ingest.feed, without_codes(sent.data))
            received = await asyncio.to_thread(ingest.finish)
        except asyncio.CancelledError:
            ingest.discard()
            raise
        return receipt_row(await self._hub.receive(received))

    async def complete_result(self, correlation_id: str, value: Any = None) -> ResultRow:
        return await self._hub.complete(correlation_id, self._user.name, value)

    async def get_result(self, correlation_id: str, *, wait: Annotated[float, Interval(ge=0, le=60)] = 0) -> ResultRow:
        result = self._hub.results.find(correlation_id, self._user.name)
        if result is None:
            return gone(correlation_id)
        await self._hub.results.wait(result, wait)
        return result.to_json()

    async def list_results(self, status: str | None = None) -> list[ResultRow]:
        return self._hub.results.of(self._user.name, status)

    async def cancel_result(self, correlation_id: str) -> ResultRow:
        return await self._hub.cancel(correlation_id, self._user.name)

    async def ping_result(self, correlation_id: str) -> ResultRow:
        return self._hub.results.ping(correlation_id, self._user.name)

    async def put_endpoint(self, fields: Mapping[str, Any]) -> EndpointRow:
        warning = await self._reachable(fields["url"]) if isinstance(fields.get("url"), str) else None
        row = await self._endpoint_row(await self._hub.endpoints.put(fields, self._user.name))
        return row if warning is None else {**row, "warning": warning}

    async def get_endpoints(
        self,
        *,
        endpoint: str | None = None,
        event_key: str | None = None,
    ) -> list[EndpointRow]:
        endpoints, name = self._hub.endpoints, self._user.name
        found = endpoints.of(name, event_key) if endpoint is None else [endpoints.get(endpoint, name)]
        pending = await self._hub.store.deliveries.pending_counts() if found else {}
        return [one.to_json(pending.get(one.name, 0)) for one in found]

    async def delete_endpoint(self, endpoint: str) -> EndpointRow:
        gone = await self._hub.endpoints.delete(endpoint, self._user.name)
        return {**gone.to_json(0), "active": False, "deleted": True}

    async def endpoint_secret(self, endpoint: str) -> EndpointSecret:
        found = self._hub.endpoints.get(endpoint, self._user.name)
        return {"id": found.id, "secret": await self._hub.endpoints.secret(found)}

    async def rotate_endpoint(self, endpoint: str, *, overlap: float, secret: str | None = None) -> EndpointRow:
        if not 0 <= overlap <= MAX_OVERLAP:
            raise ParameterError(f"overlap must be from 0 to {MAX_OVERLAP} seconds (a month), not {overlap:g}")
        rotated = await self._hub.endpoints.rotate(endpoint, self._user.name, overlap, secret)
        return await self._endpoint_row(rotated)

    async def endpoint_logs(self, endpoint: str, *, limit: int = 20, before: str | None = None) -> list[SentRow]:
        if not 1 <= limit <= MAX_PAGE:
            raise ParameterError(f"limit must be from 1 to {MAX_PAGE}, not {limit}")
        found = self._hub.endpoints.get(endpoint, self._user.name)
        return await self._hub.sent.rows(found, _delivery(before), limit)

    async def replay_endpoint(
        self,
        endpoint: str,
        *,
        event_id: str | None = None,
        since: int | None = None,
    ) -> Resent:
        found = self._hub.endpoints.get(endpoint, self._user.name)
        if event_id is not None:
            return {"replayed": await self._hub.sent.again(found, event_id)}
        return {"replayed": await self._hub.sent.recover(found, since or 0)}

    async def test_endpoint(self, endpoint: str) -> Attempt:
        return await self._hub.sender.test(self._hub.endpoints.get(endpoint, self._user.name))

    async def _endpoint_row(self, endpoint: Endpoint) -> EndpointRow:
        (row,) = await self.get_endpoints(endpoint=endpoint.id)
        return row

    async def _reachable(self, url: str) -> str | None:
        """What stands in the way to this address now, if it is not forbidden. AccessDeniedError if it may not be called."""
        parts = urlsplit(check_url(url))
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                await Targets.from_environment(os.environ).resolve(parts.hostname or "", parts.port or 443)
        except OutboundError as error:
            return error.message
        except TimeoutError:
            return f"the address of {parts.hostname} was not found within {RESOLVE_SECONDS:g} seconds"
        if not _is_private_way(url):
            return "this url is neither https nor on this machine: others in the network can read what is sent"
        return None

    async def read_pipeline(self, path: str) -> PipelineSource:
        listener = self._hub.listeners.find(path)
        if (listener is None or listener.is_stored) and ("/" in path or path.startswith(BY_UUID)):
            return await self._stored_pipeline(path)
        listener = self._hub.listeners.get(path)
        if listener.owner != self._user.name:
            raise AccessDeniedError(f"the pipeline {path} belongs to somebody else")
        return {"path": path, "source": listener.source}

    async def _stored_pipeline(self, path: str) -> PipelineSource:
        found = await self._hub.properties.get(path, self._user.name)
        source = found.source
        if not found.is_pipeline or source is None:
            raise NotFoundError(f"the property {path} is not a pipeline: its type is not {PIPELINE_TYPE}")
        return {"path": found.path, "source": source}

    async def event_mappings(self) -> list[EventMapping]:
        mine = self._hub.listeners.of(self._user.name)
        return [
            {"eventKey": one.pattern, "pipeline": one.name, "notebook": one.notebook or None}
            for one in mine
            if not one.is_job
        ]

    async def put_secret(
        self,
        name: str,
        kind: SecretFormat,
        secret: str,
        *,
        minutes: Annotated[float, Interval(gt=0, le=MAX_SECRET_MINUTES)] | None = None,
    ) -> SecretRow:
        row = await self._hub.credentials.put(self._user.name, name, kind, secret, minutes)
        await self._hub.audit.note("secret.stored", self._asker.name, self._origin, name=name)
        return row

    async def get_secrets(self, name: str | None = None) -> list[SecretRow]:
        if name is not None:
            return [await self._hub.credentials.get(self._user.name, name)]
        return await self._hub.credentials.list(self._user.name)

    async def delete_secret(self, name: str) -> None:
        await self._hub.credentials.delete(self._user.name, name)
        await self._hub.audit.note("secret.deleted", self._asker.name, self._origin, name=name)

    async def open_secret(self, name: str) -> OpenSecret:
        return await self._hub.credentials.open(self._user.name, name)

    async def iam(self, action: str, /, **fields: Any) -> Any:
        self.check_there()
        return await self._iam.do(action, fields)

    def as_user(self, user: User) -> HubAccess:
        return HubAccess(self._hub, user, self._url, (*self._behind, self._user.name), self._origin)

    async def list_runs(
        self, listener: str, limit: Annotated[int, Interval(ge=1, le=MAX_PAGE)] = 100, before: str | None = None
    ) -> list[RunRow]:
        return await self._hub.history.runs(listener, self._user.name, _delivery(before), limit)

    async def read_steps(self, delivery: str) -> list[StepRow]:
        return await self._hub.history.steps(_delivery(delivery) or 0, self._user.name)

    async def list_jobs(self) -> list[JobRow]:
        return await self._hub.jobs.rows(self._user.name)

    async def list_failed(self, *, limit: int = 20) -> list[RunRow]:
        if not 1 <= limit <= MAX_LOGS:
            raise ParameterError(f"limit must be from 1 to {MAX_LOGS}, not {limit}")
        return await self._hub.history.unsuccessful(self._user.name, limit)

    async def discard_delivery(self, delivery: str, *, reason: str | None = None) -> RunRow:
        if reason is not None and len(reason) > MAX_REASON:
            raise ParameterError(f"a reason may have at most {MAX_REASON} characters")
        return await self._hub.discard(_delivery(delivery) or 0, self._user.name, reason)

    async def read_content(self, content_id: str, offset: int = 0, size: int | None = None) -> bytes:
        if offset < 0 or (size is not None and size < 0):
            raise ParameterError("offset and size must not be negative")
        plain_id, owner = self._genuine(content_id)
        return await self._hub.contents.read(plain_id, owner, offset, size)

    async def open_content(self, content_id: str) -> Content:
        """The bytes behind a content reference, to be read piece by piece. NotFoundError."""
        plain_id, owner = self._genuine(content_id)
        return await self._hub.contents.open(plain_id, owner)

    async def are_genuine(self, content_ids: Sequence[str]) -> bool:
        if len(content_ids) > MAX_CHECKED:
            raise ParameterError(f"at most {MAX_CHECKED:,} references can be checked at once, not {len(content_ids):,}")
        owners = (self._user.name, *self._behind)
        return all(self._hub.reference_codes.owner_of(one, owners) is not None for one in content_ids)

    async def put_content(self, data: bytes, *, name: str, content_type: str) -> ContentReference:
        digest = await in_thread_if_large(len(data), lambda: hashlib.sha256(data).hexdigest())
        owner = self._keeper
        content_id = self._hub.reference_codes.signed(self._hub.contents.put(owner, data), owner)
        return content_reference(content_id, name=name, content_type=content_type, size=len(data), sha256=digest)

    def _genuine(self, content_id: str) -> tuple[str, str]:
        """The plain id and the content's owner. NotFoundError does not say whether the content exists."""
        found = self._hub.reference_codes.owner_of(content_id, (self._user.name, *self._behind))
        if found is None:
            raise NotFoundError(
                "the hub did not make this content reference for you: use one from an event, or from a command that returns files"
            )
        return found

    async def get_property(self, path: str) -> PropertyRow:
        return (await self._hub.properties.get(path, self._user.name)).to_json()

    async def list_properties(self, pattern: str, *, values: bool = True, trashed: bool = False) -> list[PropertyRow]:
        return await self._hub.properties.listing(pattern, self._user.name, values=values, trashed=trashed)

    async def put_property(
        self, path: str, fields: Mapping[str, Any], *, exists: Exists = "update", as_data: bool = False
    ) -> ChangedProperty:
        # Stored pipelines run with all roles of their owner; this token has only some of them.
        as_data = as_data or self._origin.scoped
        if isinstance(lock := fields.get("lock"), Mapping):
            fields = {**fields, "lock": self._for_user(lock)}
        user = self._user
        result, after = await self._hub.properties.put(
            path, fields, user.name, exists, as_data=as_data, roles=user.roles
        )
        return {"result": result, "property": after.to_json()}

    async def delete_properties(
        self, pattern: str, *, confirmed: bool = False, as_data: bool = False
    ) -> list[PropertyRow]:
        user = self._user
        gone = await self._hub.properties.delete(
            pattern, user.name, confirmed=confirmed, as_data=as_data, roles=user.roles
        )
        return [one.to_json() for one in gone]

    async def copy_property(self, path: str, to: str, *, as_data: bool = False) -> PropertyRow:
        as_data = as_data or self._origin.scoped
        user = self._user
        return (await self._hub.properties.copy(path, to, user.name, as_data=as_data, roles=user.roles)).to_json()

    async def move_property(self, path: str, to: str, *, as_data: bool = False) -> PropertyRow:
        as_data = as_data or self._origin.scoped
        user = self._user
        return (await self._hub.properties.move(path, to, user.name, as_data=as_data, roles=user.roles)).to_json()

    def _for_user(self, lock: Mapping[str, Any]) -> Mapping[str, Any]:
        """A lock for a user, with both name and uuid of that user: this one, unless its uuid is given."""
        if lock.get("type") != "user":
            return lock
        users, uuid = self._hub.users, lock.get("uuid")
        name = users.name_of(uuid) if uuid else self._user.name
        if name is None:
            raise NotFoundError(f"there is no user with the uuid {shown(uuid)}")
        return {**lock, "name": name, "uuid": users.uuid_of(name)}

    async def describe(self) -> HubInfo:
        self.check_there()
        return {"url": self._url, "namespace": self._hub.settings.namespace, "started": self._hub.started}

    async def status(self) -> HubStatus:
        hub, name = self._hub, self._user.name
        listeners, endpoints = hub.listeners.of(name), hub.endpoints.of(name)
        names = [*(one.name for one in listeners), *(one.name for one in endpoints)]
        pending = await hub.store.deliveries.pending_counts()
        troubles = [
            *map(hub.trouble, listeners),
            hub.moved(name),
            hub.proofs.trouble,
            *map(_trouble, endpoints),
            *hub.setups.trouble(name),
        ]
        problems = dict.fromkeys(troubles)
        return {
            "url": self._url,
            "publicUrl": hub.settings.public_url,
            "version": version("pfnb"),
            "maxPayload": hub.settings.limits.hard,
            "durable": hub.store.durable,
            "webhooks": sum(webhook.active for webhook in hub.webhooks.list(name)),
            "listeners": len(listeners),
            "away": sum(not hub.dispatcher.workers(one.name) for one in listeners),
            "waiting": sum(pending.get(each, 0) for each in names),
            "problems": [problem for problem in problems if problem is not None],
        }

    async def scan_folders(self) -> list[str]:
        self.check_there()
        return [str(path) for path in self._hub.settings.scan.paths]

    async def put_attachment(
        self, path: str, name: str, content: Mapping[str, Any], *, content_type: str | None = None
    ) -> AttachmentRow:
        content_id = content_id_of(content)
        if content_id is None:
            raise ParameterError("an attachment needs a content reference")
        kind = content_type or content.get("contentType")
        plain_id, owner = self._genuine(content_id)
        made = await self._hub.attachments.put(
            path, name, plain_id, kind, self._user.name, content_owner=owner, roles=self._user.roles
        )
        return self._attached(made)

    async def list_attachments(self, path: str) -> list[AttachmentRow]:
        return [self._attached(one) for one in await self._hub.attachments.list(path, self._user.name)]

    def _attached(self, attachment: Attachment) -> AttachmentRow:
        return attachment.to_json(self._hub.reference_codes.signed(attachment.id, attachment.owner))

    async def delete_attachment(self, path: str, name: str) -> None:
        await self._hub.attachments.delete(path, name, self._user.name, self._user.roles)

    async def read_files(self, path: str) -> ContentReference | ContentCollection:
        files, is_folder = await self._hub.drive.read(self._keeper, path)
        read = [await self.put_content(one.data, name=one.name, content_type=one.content_type) for one in files]
        return {"path": path, "children": read} if is_folder else read[0]

    async def save_file(self, path: str, content: Mapping[str, Any]) -> DriveEntry:
        content_id = content_id_of(content)
        if content_id is None:
            raise ParameterError("a file is saved from a content reference")
        return await self._hub.drive.save(self._keeper, path, _pieces(await self.open_content(content_id)))

    async def write_file(self, path: str, data: bytes) -> DriveEntry:
        return await self._hub.drive.save(self._keeper, path, _piece(data))

    async def list_files(
        self,
        path: str,
        *,
        recursive: bool = False,
        include: str | None = None,
        kind: Literal["file", "folder"] | None = None,
    ) -> list[DriveEntry]:
        return await self._hub.drive.list(self._keeper, path, recursive=recursive, include=include, kind=kind)

    async def copy_file(self, path: str, to: str) -> DriveEntry:
        return await self._hub.drive.copy(self._keeper, path, to)

    async def move_file(self, path: str, to: str) -> DriveEntry:
        return await self._hub.drive.move(self._keeper, path, to)

    async def delete_file(self, path: str) -> bool:
        return await self._hub.drive.delete(self._keeper, path)

    async def make_folder(self, path: str, *, recurse: bool = False) -> DriveEntry:
        return await self._hub.drive.make_folder(self._keeper, path, recurse=recurse)

    async def has_file(self, path: str) -> bool:
        return await self._hub.drive.exists(self._keeper, path)

    async def put_cached(self, key: str, value: Any, *, seconds: float) -> CacheEntry:
        return self._hub.cache.put(self._user.name, key, value, seconds)

    async def get_cached(self, key: str, *, remove: bool = False) -> CachedValue | None:
        return self._hub.cache.get(self._user.name, key, remove=remove)

    async def list_cached(self) -> list[CacheEntry]:
        return self._hub.cache.list(self._user.name)

    def _warned(self, webhook: Webhook) -> WebhookRow:
        """The webhook as shown, with a `warning` if its callers may still know another address, or if a setting does not fit
        what they send."""
        shown, addresses = self._show(webhook), self._hub.addresses
        before = None if addresses is None else addresses.before(webhook, now())
        warnings = []
        if before is not None:
            warnings.append(
                f"its address has changed and it has received nothing since: its callers may still use {before}"
            )
        for setting, said in REMARKS.items():
            remark = self._hub.refusals.remarked(webhook.uuid, setting)
            if remark is not None:
                warnings.append(f"{said.format(utc_time(remark.created))}: {remark.text}")
        if (missing := missing_secret(webhook)) is not None:
            warnings.append(missing)
        if warnings:
            shown["warning"] = "; ".join(warnings)
        if (last := self._hub.refusals.remarked(webhook.uuid, HANDSHAKE)) is not None:
            shown["lastHandshake"] = {"created": last.created, "what": last.text}
        return shown

    def _show(self, webhook: Webhook) -> WebhookRow:
        return webhook.to_json(self._url, self._hub.refusals.count(webhook.uuid))


async def _pieces(content: Content) -> AsyncIterator[bytes]:
    for offset in range(0, content.size, PIECE):
        yield await content.read(offset, PIECE)


async def _piece(data: bytes) -> AsyncIterator[bytes]:
    yield data


def _trouble(endpoint: Endpoint) -> str | None:
    return None if endpoint.disabled is None else f"the endpoint {endpoint.id} was switched off: {endpoint.disabled}"


def _delivery(number: str | None) -> int | None:
    if number is None or _NUMBER.fullmatch(number):
        return None if number is None else int(number)
    raise ParameterError(f"a run must be given by its number, not {shown(number)}")


def _is_private_way(url: str) -> bool:
    """Whether nobody on the way can read what is sent: https, or this machine itself."""
    parts = urlsplit(url)
    if parts.scheme == "https" or parts.hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False
