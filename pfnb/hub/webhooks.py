"""The hub's webhooks: kept in memory for the receiver, written through to the store."""

from __future__ import annotations

import asyncio
import uuid as uuids
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pfnb.commands.webhook_path import shape_of
from pfnb.commands.webhook_settings import checked
from pfnb.exceptions import AccessDeniedError, NotFoundError, ParameterError
from pfnb.hub.gateway import Gateway
from pfnb.hub.preset_settings import with_preset
from pfnb.hub.proofs import Proofs, Settled
from pfnb.hub.receiving.naming import NOBODYS, Name, canonical_uuid
from pfnb.hub.receiving.request import Limits
from pfnb.hub.records.delivery import Listener
from pfnb.hub.records.event import Event
from pfnb.hub.records.webhook import Webhook
from pfnb.hub.stores.store import Store
from pfnb.language.topics import topic_matches
from pfnb.uuid_tail import masked_uuid

MAX_NOTEBOOKS = 32
"""How many notebooks a webhook remembers. A notebook of unknown name counts as another one whenever its kernel starts."""


class Webhooks:
    """`limits` say what a new webhook accepts; `now` gives milliseconds since the epoch."""

    def __init__(self, store: Store, limits: Limits, now: Callable[[], int], proofs: Proofs) -> None:
        self._store = store
        self._proofs = proofs
        self._limits = limits
        self._now = now
        self._by_uuid: dict[str, Webhook] = {}
        self._counts: dict[str, tuple[int, int | None]] = {}
        self._gateway = Gateway()
        self._turn = asyncio.Lock()

    def load(self, webhooks: Iterable[Webhook]) -> None:
        self._by_uuid = {webhook.uuid: webhook for webhook in webhooks}
        self._counts = {uuid: (one.received, one.last_received) for uuid, one in self._by_uuid.items()}
        self._gateway = Gateway(self._by_uuid.values())

    def receiving(self, uuid: str | None) -> Webhook | None:
        """The active webhook of this uuid; None in every other case, which the receiver must not distinguish."""
        webhook = self._by_uuid.get(uuid or "")
        return webhook if webhook is not None and webhook.accepts(self._now()) else None

    def named(self, names: Sequence[Name]) -> Name | None:
        """The first that is an active webhook's, else the first; as much work in either case."""
        known = [
            name._replace(uuid=self._gateway.find(name.uuid) or NOBODYS) if name.is_path else name for name in names
        ]
        active = [name for name in known if self.receiving(name.uuid) is not None]
        return next(iter((*active, *known)), None)

    def answers_with_body(self, names: Sequence[Name]) -> bool:
        """Whether these name an active webhook whose callers wait for the result and get it by itself."""
        name = self.named(names)
        webhook = None if name is None else self.receiving(name.uuid)
        return webhook is not None and webhook.answer == "body"

    def secrets(self) -> Collection[str]:
        """The uuids of all webhooks of all owners."""
        return self._by_uuid.keys()

    def count(self, event: Event) -> None:
        """Keep the counts in memory equal to what the store committed with this event."""
        if event.webhook in self._by_uuid:
            self._counts[event.webhook] = (self._counts[event.webhook][0] + 1, event.created)

    def get(self, uuid: str, owner: str) -> Webhook:
        """NotFoundError if there is none of this uuid or it is somebody else's: guesses are not confirmed."""
        webhook = self._by_uuid.get(canonical_uuid(uuid) or "")
        if webhook is None or webhook.owner != owner:
            raise NotFoundError("you have no webhook with this uuid: `webhook.get` lists yours")
        return self._counted(webhook)

    def list(self, owner: str, event_key: str | None = None) -> list[Webhook]:
        found = (webhook for webhook in self._by_uuid.values() if webhook.owner == owner)
        return [self._counted(webhook) for webhook in found if event_key is None or webhook.event_key == event_key]

    def _counted(self, webhook: Webhook) -> Webhook:
        received, last = self._counts[webhook.uuid]
        return replace(webhook, active=webhook.accepts(self._now()), received=received, last_received=last)

    def notebooks_of(self, uuid: str | None) -> tuple[str, ...]:
        """The notebooks that have put this webhook; none if it was created elsewhere or is gone."""
        webhook = self._by_uuid.get(uuid or "")
        return webhook.notebooks if webhook is not None else ()

    def left_out(self, listener: Listener) -> Sequence[str]:
        """Event keys of its owner's active webhooks that match its pattern but that it does not get."""
        mine = (one for one in self._by_uuid.values() if one.owner == listener.owner and one.accepts(self._now()))
        keys = (one.event_key for one in mine if not listener.hears(one.event_key, one.notebooks))
        return sorted({key for key in keys if topic_matches(listener.pattern, key)})

    async def put(self, fields: Mapping[str, Any], owner: str, notebook: str = "") -> Webhook:
        """Create a webhook, or update the one that `uuid` names. `fields` are those of `webhook.put`; others are kept. `notebook`
        is added to its notebooks, unless it was created outside of notebooks: then it stays everybody's.

        ParameterError for an invalid uuid, or one of a deleted webhook of this owner; AccessDeniedError for a uuid that somebody
        else has or had. Secrets of `signature` and `auth` go to the secret store.
        """
        async with self._turn:
            return await self._put(fields, owner, notebook)

    async def _put(self, fields: Mapping[str, Any], owner: str, notebook: str) -> Webhook:
        uuid = _uuid(fields.get("uuid"))
        existing = self.get(uuid, owner) if self._is_of(uuid, owner) else None
        if existing is None and fields.get("uuid") is not None:
            await self._check_free(uuid, owner)
        given = checked(with_preset({name: value for name, value in fields.items() if name != "uuid"}, existing))
        now = self._now()
        if existing is None:
            if "event_key" not in given:
                raise ParameterError("webhook.put needs eventKey: the key of the event that the webhook fires")
            most, mine = min(self._limits.webhook, self._limits.hard), (notebook,) if notebook else ()
            existing = Webhook(
                uuid, owner, created=now, updated=now, event_key="", max_payload_length=most, notebooks=mine
            )
        webhook = replace(existing, updated=now, notebooks=_with(existing.notebooks, notebook), **given)
        if given.get("active"):
            webhook = replace(webhook, expires=None)
        self._check_path(webhook)
        settled = await self._proofs.settled(webhook, existing)
        await self._save(settled.webhook, settled=settled)
        return self._counted(settled.webhook)

    def _check_path(self, webhook: Webhook) -> None:
        """ParameterError if a webhook may not have its path."""
        if not webhook.path:
            return
        holder = self._by_uuid.get(self._gateway.holder(shape_of(webhook.path)) or webhook.uuid)
        if holder is not None and holder.uuid != webhook.uuid:
            whose = (
                f"your webhook {masked_uuid(holder.uuid)}"
                if holder.owner == webhook.owner
                else "somebody else's webhook"
            )
            raise ParameterError(f"path: {holder.path} is taken, by {whose}: choose one of another shape")
        if not (webhook.public or webhook.signature or webhook.auth):
            raise ParameterError(
                "a webhook with a path needs a proof of who sends, since a path is no secret: give it a signature or auth, or "
                "public=true to let everybody in"
            )

    async def rotate(self, uuid: str, owner: str, overlap: float) -> Webhook:
        """Give a webhook a new uuid, and let the old one work for `overlap` more seconds. Returns the webhook under its new
        uuid; what it has received so far stays under the old one. ParameterError if it is rotated or deactivated already."""
        async with self._turn:
            return await self._rotate(uuid, owner, overlap)

    async def _rotate(self, uuid: str, owner: str, overlap: float) -> Webhook:
        old, now = self.get(uuid, owner), self._now()
        if old.expires is not None or not old.active:
            raise ParameterError("this webhook is inactive or was rotated already: rotate the new one instead")
        new = replace(old, uuid=str(uuids.uuid4()), created=now, updated=now, received=0, last_received=None)
        ended = replace(old, updated=now, expires=now + round(overlap * 1000), path="")
        await self._save(new, ended, settled=self._proofs.renamed(old, new))
        return self._counted(new)

    async def deactivate(self, uuid: str) -> bool:
        """Deactivate a webhook, whoever owns it; False if it was not active."""
        async with self._turn:
            webhook = self.receiving(uuid)
            if webhook is None:
                return False
            await self._save(replace(webhook, updated=self._now(), active=False))
            return True

    async def hand_over(self, owner: str, to: str) -> None:
        """Give all webhooks of an owner to somebody else. They stay inactive until the new owner activates them: others know
        their uuids."""
        async with self._turn:
            mine = [webhook for webhook in self._by_uuid.values() if webhook.owner == owner]
            given: dict[str, Any] = {"owner": to, "updated": self._now(), "active": False, "notebooks": ()}
            await self._save(*(replace(webhook, **given) for webhook in mine))

    async def _save(self, *webhooks: Webhook, settled: Settled | None = None) -> None:
        await self._store.registry.save_webhooks(*webhooks, secrets=settled.secrets if settled is not None else ())
        if settled is not None:
            self._proofs.keep(settled)
        for webhook in webhooks:
            self._by_uuid[webhook.uuid] = webhook
            self._counts.setdefault(webhook.uuid, (0, None))
        self._gateway = Gateway(self._by_uuid.values())

    def _is_of(self, uuid: str, owner: str) -> bool:
        webhook = self._by_uuid.get(uuid)
        return webhook is not None and webhook.owner == owner

    async def _check_free(self, uuid: str, owner: str) -> None:
        """A uuid is given only once, for ever. The refusal does not say whether somebody else has it now or had it before."""
        retired_by = await self._store.registry.retired_by(uuid)
        if retired_by == owner:
            raise ParameterError(
                "this uuid belonged to a deleted webhook of yours and cannot be used again: omit uuid to get a new one. "
                "`webhook.rotate` gives a new uuid to a webhook that exists"
            )
        if retired_by is not None or uuid in self._by_uuid:
            raise AccessDeniedError("your webhook cannot have this uuid: omit it, or choose another one")

    async def delete(self, uuid: str, owner: str) -> Webhook:
        async with self._turn:
            webhook = self.get(uuid, owner)
            gone = self._proofs.removed(webhook)
            await self._store.registry.delete_webhook(webhook.uuid, self._now(), gone.secrets)
            self._proofs.keep(gone)
            self._by_uuid.pop(webhook.uuid, None)
            self._counts.pop(webhook.uuid, None)
            self._gateway = Gateway(self._by_uuid.values())
            return webhook


def _with(notebooks: tuple[str, ...], notebook: str) -> tuple[str, ...]:
    """A webhook's notebooks with this one added, if it is a notebook."""
    if not notebooks or not notebook or notebook in notebooks:
        return notebooks
    return (*notebooks, notebook)[-MAX_NOTEBOOKS:]


def _uuid(given: object) -> str:
    """The canonical form, or a new uuid where none is given. The nil uuid and other variants are not secret."""
    if given is None:
        return str(uuids.uuid4())
    uuid = canonical_uuid(given)
    if uuid is None or uuids.UUID(uuid).variant != uuids.RFC_4122:
        raise ParameterError(
            "uuid must be the text of an RFC 4122 uuid, such as 123e4567-e89b-42d3-a456-426614174000, and neither the nil nor "
            "the max uuid"
        )
    return uuid
