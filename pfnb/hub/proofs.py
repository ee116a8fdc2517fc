"""The proofs that webhooks demand of their senders: made of their settings, with secrets from the secret store, and checked.

The answer to a request must not show by its time whether a webhook exists: a request whose own check did less than the most
costly check of this hub, or that has none, gets decoys of that work.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pfnb.exceptions import BusyError, ParameterError, PfnbError
from pfnb.hub.clock import steady
from pfnb.hub.keeping.secrets import HUB, Secrets
from pfnb.hub.receiving.auth import auth_of, secret_key_of
from pfnb.hub.receiving.proof import Effort, Proof, refused
from pfnb.hub.receiving.request import Body, Received
from pfnb.hub.receiving.signature import signature_of
from pfnb.hub.records.secret import SecretRecord
from pfnb.hub.records.webhook import Webhook

log = logging.getLogger("pfnb.hub")
KINDS: Mapping[str, Callable[[Mapping[str, Any], Sequence[str]], Proof]] = {"signature": signature_of, "auth": auth_of}
PAUSE = 10_000
"""Milliseconds until the key of the secrets is asked for again after it was not there: a keyring may take long."""
COUNT = "secrets"
"""The key of a setting that says how many secrets are stored. Only this is shown of them."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A webhook as it may be stored and shown, its proofs by the name of their setting, and what its secrets become."""

    webhook: Webhook
    proofs: Mapping[str, Proof] = field(default_factory=dict)
    secrets: Sequence[SecretRecord] = ()


class NoSecretYet:
    """Refuses all requests: some senders show their secret only once they have the address."""

    hidden: frozenset[str] = frozenset()
    most = Effort()

    async def check(self, received: Received, now: int, effort: Effort) -> None:  # noqa: ARG002
        raise refused("this webhook has no secret yet: `webhook.put` with uuid and secret sets it")

    def decoys(self) -> Mapping[str, Callable[[Body], None]]:
        return {}


class Proofs:
    """A proof that could not be made, since the key of the secrets is lost, refuses its webhook's requests with 503."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._by_uuid: dict[str, Mapping[str, Proof]] = {}
        self._most = Effort()
        self._decoys: dict[str, Callable[[Body], object]] = {}
        self._again = 0
        self.trouble: str | None = None
        """Why the proofs of some webhooks cannot be checked; None if all is well."""

    async def load(self, webhooks: Iterable[Webhook]) -> None:
        """Make the proofs of all webhooks that demand one. What is wrong is logged: the others must be served."""
        for webhook in webhooks:
            if _demanded(webhook):
                try:
                    await self._of(webhook)
                except PfnbError:
                    return

    async def check(self, webhook: Webhook, received: Received, now: int, effort: Effort) -> None:
        """NotAdmittedError if the request has no valid proof; BusyError if that cannot be checked now."""
        for proof in (await self._of(webhook)).values():
            await proof.check(received, now, effort)

    async def pad(self, body: Body, effort: Effort) -> None:
        """Do what is missing to the most costly check of this hub."""
        missing = [kind for kind, most in self._most.items() for _ in range(most - effort[kind])]
        if not missing:
            return
        if body.path is not None:
            await asyncio.to_thread(self._work, missing, body)
        else:
            self._work(missing, body)

    def _work(self, missing: Sequence[str], body: Body) -> None:
        for kind in missing:
            self._decoys[kind](body)

    def without(self, uuid: str, received: Received) -> Received:
        """The request without the headers that whoever reads them could send as a proof."""
        proofs = self._by_uuid.get(uuid, {})
        hidden = frozenset[str]().union(*(one.hidden for one in proofs.values()))
        if not hidden:
            return received
        return replace(
            received, headers={name: value for name, value in received.headers.items() if name not in hidden}
        )

    async def settled(self, webhook: Webhook, before: Webhook | None) -> Settled:
        """Take the secrets out of a webhook's new settings. Without new ones, those of `before` stay, if the scheme does.
        ParameterError says what is wrong with the settings; nothing has changed then."""
        kept: dict[str, Any] = {}
        proofs = dict(self._by_uuid.get(webhook.uuid, {}))
        records: list[SecretRecord] = []
        for kind in KINDS:
            given, old = getattr(webhook, kind), getattr(before, kind, None)
            if given == old:
                continue  # not given, or as `webhook.get` has shown it
            kept[kind], changes = await self._settle(kind, given, old, webhook.uuid, proofs)
            records += changes
        return Settled(replace(webhook, **kept), proofs, records)

    async def _settle(
        self,
        kind: str,
        given: Mapping[str, Any] | None,
        old: Mapping[str, Any] | None,
        uuid: str,
        proofs: dict[str, Proof],
    ) -> tuple[dict[str, Any] | None, list[SecretRecord]]:
        stored = (old or {}).get(COUNT, 0)
        if not given:
            proofs.pop(kind, None)
            return None, [SecretRecord(HUB, _name(uuid, kind, number), None) for number in range(stored)]
        public, new = _parted(kind, given)
        if new is None and given.get(COUNT) == 0 and not stored:
            proofs[kind] = NoSecretYet()
            return {**public, COUNT: 0}, []
        texts = new if new is not None else await self._stored(kind, public, old, uuid)
        # In a thread: what they import takes a tenth of a second.
        proofs[kind] = await asyncio.to_thread(KINDS[kind], public, texts)
        changes = []
        if new is not None:
            changes = [await self._secrets.sealed(HUB, _name(uuid, kind, at), text) for at, text in enumerate(new)]
            changes += [SecretRecord(HUB, _name(uuid, kind, number), None) for number in range(len(new), stored)]
        return {**public, COUNT: len(texts)}, changes

    async def _stored(self, kind: str, given: Mapping[str, Any], old: Mapping[str, Any] | None, uuid: str) -> list[str]:
        """The secrets that the webhook has already."""
        which = "scheme" if kind == "signature" else "type"
        if old is None or given.get(which) != old.get(which):
            wanted = "secret" if kind == "signature" else secret_key_of(given.get("type"))
            raise ParameterError(f"{kind} needs {wanted}: what you and the sender share, such as {kind}.{wanted}=…")
        return [await self._secrets.get(HUB, _name(uuid, kind, number)) for number in range(old[COUNT])]

    async def secrets_of(self, webhook: Webhook) -> list[str]:
        """The secrets that its sender signs with, or sends; none if it has none yet."""
        for kind in _demanded(webhook):
            given = getattr(webhook, kind)
            return await self._stored(kind, given, given, webhook.uuid)
        return []

    def keep(self, settled: Settled) -> None:
        """It was stored."""
        self._secrets.keep(settled.secrets)
        self._by_uuid.pop(settled.webhook.uuid, None)
        if settled.proofs:
            self._by_uuid[settled.webhook.uuid] = settled.proofs
        self._most, self._decoys = Effort(), {}
        for proofs in self._by_uuid.values():
            self._weigh(proofs)

    def renamed(self, old: Webhook, new: Webhook) -> Settled:
        """The same demands under another uuid."""
        records = [self._secrets.copied(HUB, _name(old.uuid, *one), _name(new.uuid, *one)) for one in _numbered(old)]
        return Settled(new, self._by_uuid.get(old.uuid, {}), records)

    def removed(self, webhook: Webhook) -> Settled:
        return Settled(webhook, {}, [SecretRecord(HUB, _name(webhook.uuid, *one), None) for one in _numbered(webhook)])

    async def _of(self, webhook: Webhook) -> Mapping[str, Proof]:
        made = self._by_uuid.get(webhook.uuid, {})
        demanded = _demanded(webhook)
        if any(kind not in made for kind in demanded):
            return await self._made(webhook, demanded)
        return made

    async def _made(self, webhook: Webhook, demanded: Sequence[str]) -> Mapping[str, Proof]:
        if steady() < self._again:
            raise BusyError("The hub cannot check this request now.", retry_after=60)
        made: dict[str, Proof] = {}
        try:
            for kind in demanded:
                given = getattr(webhook, kind)
                if given[COUNT] == 0:
                    made[kind] = NoSecretYet()
                    continue
                texts = await self._stored(kind, given, given, webhook.uuid)
                made[kind] = await asyncio.to_thread(KINDS[kind], given, texts)
        except PfnbError as error:
            self._again = steady() + PAUSE
            self.trouble = f"webhooks that demand a signature or auth answer 503: {error.message}"
            log.error("%s", self.trouble)
            raise BusyError("The hub cannot check this request now.", retry_after=60) from None
        self.trouble = None
        self._by_uuid[webhook.uuid] = made
        self._weigh(made)
        return made

    def _weigh(self, proofs: Mapping[str, Proof]) -> None:
        """Keep the most costly work of each kind."""
        self._most |= sum((proof.most for proof in proofs.values()), Effort())
        for proof in proofs.values():
            if not proof.most.keys() <= self._decoys.keys():
                self._decoys |= proof.decoys()


def _demanded(webhook: Webhook) -> list[str]:
    return [kind for kind in KINDS if getattr(webhook, kind)]


def _numbered(webhook: Webhook) -> list[tuple[str, int]]:
    """The secrets of a webhook: the setting that each belongs to, and its number there."""
    return [(kind, number) for kind in _demanded(webhook) for number in range(getattr(webhook, kind)[COUNT])]


def _parted(kind: str, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str] | None]:
    """A setting without its secrets, and these; None if there are none."""
    name = "secret" if kind == "signature" else secret_key_of(given.get("type"))
    public = {key: value for key, value in given.items() if key not in (name, COUNT)}
    secrets = given.get(name)
    return public, [secrets] if isinstance(secrets, str) else secrets


def _name(uuid: str, kind: str, number: int) -> str:
    return f"webhook:{uuid}:{kind}:{number}"
