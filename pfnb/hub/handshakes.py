"""Handshakes: senders that ask, before the first event, whether an address belongs to a webhook. They are answered at the door as
the webhook's preset says, and are no events."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from os import environ
from typing import TYPE_CHECKING, Any

from pfnb.exceptions import NotAdmittedError, ParameterError, PfnbError, SecretsKeyError
from pfnb.hub.event_expressions import value_over
from pfnb.hub.incoming import event_of
from pfnb.hub.preset_settings import verify_token
from pfnb.hub.proofs import COUNT, Proofs
from pfnb.hub.receiving.body_json import may_be_json, parse_json
from pfnb.hub.receiving.request import Received
from pfnb.hub.records.webhook import Webhook
from pfnb.hub.refusals import Refusals
from pfnb.hub.settings import Settings
from pfnb.hub.tasks import Tasks
from pfnb.hub.webhooks import Webhooks
from pfnb.language.media_types import media_type
from pfnb.language.pel import parse_template
from pfnb.language.response import Headers, checked_headers
from pfnb.outbound import Attempts, Content, Targets, send
from pfnb.presets import ANY
from pfnb.presets.table import find_preset

if TYPE_CHECKING:
    from pfnb.presets.preset import Handshake, When

LARGEST = 16 * 1024
"""Bytes of a body that may be a handshake: a challenge is short."""
LONGEST = 4096
"""Characters of what is answered or learned."""
HANDSHAKE = "handshake"
"""What remarks on handshakes are about."""
CALL = Attempts(timeout=20.0, retries=2)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a sender gets in place of an event's answer; `body` is a text, or an object of JSON."""

    body: str | dict[str, Any]
    status: int = 200
    headers: Headers = field(default_factory=dict)
    said: str = ""
    """What happened, for the webhook's owner."""


class Handshakes:
    """Reads and changes webhooks through their owners: `proofs` has their secrets, `refusals` what their owners should know."""

    def __init__(
        self, settings: Settings, webhooks: Webhooks, proofs: Proofs, refusals: Refusals, tasks: Tasks
    ) -> None:
        self._settings = settings
        self._webhooks = webhooks
        self._proofs = proofs
        self._refusals = refusals
        self._tasks = tasks
        self._calling: set[str] = set()

    async def reply(self, webhook: Webhook, received: Received, *, proven: bool) -> Reply | None:
        """The reply to a handshake of this webhook's preset; None if the request is none. `proven` handshakes are those that
        prove their sender, the others are checked before. NotAdmittedError if it is one, but a wrong one."""
        preset = find_preset(webhook.handshake)
        if preset is None or received.body.size > LARGEST:
            return None
        for one in preset.handshakes:
            if one.signed is proven and _is(one.when, received):
                return await self._reply(webhook, received, one)
        return None

    async def learned(self, webhook: Webhook) -> str | None:
        """The secret that the webhook's sender has handed over; None if it does not do that, or has not yet."""
        preset = find_preset(webhook.preset)
        if preset is None or preset.known != "learned":
            return None
        return next(iter(await self._proofs.secrets_of(webhook)), None)

    def refusal(self, webhook: Webhook) -> Reply | None:
        """The reply to a request without a valid signature, where the sender demands that it is told so."""
        preset = find_preset(webhook.handshake)
        return Reply("The signature is not valid.", 401) if preset is not None and preset.answers_401 else None

    async def _reply(self, webhook: Webhook, received: Received, one: Handshake) -> Reply:
        event = event_of(received, webhook, self._settings.namespace, 0)
        secret = None
        with suppress(SecretsKeyError):  # then what needs the secret has no value
            secret = next(iter(await self._proofs.secrets_of(webhook)), None)

        async def text(expression: str) -> str:
            try:
                found = await value_over(parse_template(expression), event, received.body, {"secret": secret})
            except PfnbError as error:
                raise NotAdmittedError(f"The handshake {one.name} cannot be answered: {error.message}") from error
            if not isinstance(found, str) or len(found) > LONGEST:
                raise NotAdmittedError(
                    f"The handshake {one.name} has no text of at most {LONGEST:,} characters where one is expected."
                )
            return found

        if one.verify is not None:
            given = (await text(one.verify)).encode("utf-8", "surrogatepass")
            if not hmac.compare_digest(given, verify_token(webhook, self._settings.secret).encode()):
                raise NotAdmittedError(f"The handshake {one.name} has another verify token than this webhook.")
        said = f"{one.name} was answered"
        if one.learns is not None:
            said = await self._learned(webhook, one, await text(one.learns))
        if one.calls is not None:
            self._call(webhook, one, await text(one.calls))
            said = ""
        try:
            headers = checked_headers({name: await text(value) for name, value in one.answer.headers.items()})
        except ParameterError as error:
            raise NotAdmittedError(f"The handshake {one.name} cannot be answered: {error.message}") from error
        body = {
            name: await text(value) if isinstance(value, str) else value for name, value in one.answer.json_.items()
        }
        return Reply(body or await text(one.answer.text), headers=headers, said=said)

    async def _learned(self, webhook: Webhook, one: Handshake, secret: str) -> str:
        """Keep the secret if the webhook waits for one: later ones come from anybody who knows the address."""
        signature = webhook.signature
        if signature is None or signature.get(COUNT) != 0:
            return f"{one.name} was answered, and its secret was not kept: this webhook has one already"
        try:
            await self._webhooks.put(
                {"uuid": webhook.uuid, "signature": {**signature, "secret": secret}}, webhook.owner
            )
        except PfnbError as error:
            return f"{one.name}: the sender's secret could not be kept: {error.message}"
        return f"{one.name}: the sender's secret is kept, and its requests are checked by it"

    def _call(self, webhook: Webhook, one: Handshake, url: str) -> None:
        """Call the address after the answer, one at a time for each webhook."""
        if re.fullmatch(rf"https://(?:{one.hosts})/[!-~]*", url) is None:
            raise NotAdmittedError(f"The handshake {one.name} names an address that does not belong to its sender.")
        if webhook.uuid not in self._calling:
            self._calling.add(webhook.uuid)
            self._tasks.spawn(self._confirm(webhook.uuid, one, url), "pfnb handshake")

    async def _confirm(self, uuid: str, one: Handshake, url: str) -> None:
        self._refusals.remark(uuid, HANDSHAKE, f"{one.name} is being confirmed")
        try:
            answer = await send(Targets.from_environment(environ), url, Content.of(None), method="GET", attempts=CALL)
            said = f"{one.name} was confirmed ({answer.status})"
        except PfnbError as error:
            said = f"{one.name} could not be confirmed: {error.message}"
        finally:
            self._calling.discard(uuid)
        self._refusals.remark(uuid, HANDSHAKE, said)


def _is(when: When, received: Received) -> bool:
    if received.method != when.method:
        return False
    if not all(_fits(wanted, received.query.get(name, [""])[0]) for name, wanted in when.query.items()):
        return False
    if not all(_fits(wanted, received.headers.get(name, "")) for name, wanted in when.headers.items()):
        return False
    return not when.json_ or _has(received, when.json_)


def _has(received: Received, wanted: Mapping[str, str | int]) -> bool:
    data = received.body.data
    if not data or not may_be_json(media_type(received.content_type), data):
        return False
    words = (path.rpartition(".")[2] if value == ANY else value for path, value in wanted.items())
    if not all(str(word).encode() in data for word in words):  # quicker than parsing each event
        return False
    try:
        body = parse_json(data)
    except ValueError:
        return False
    return all(_fits(value, _at(body, path)) for path, value in wanted.items())


def _fits(wanted: str | int, value: Any) -> bool:
    return isinstance(value, str) and value != "" if wanted == ANY else type(value) is type(wanted) and value == wanted


def _at(value: Any, path: str) -> Any:
    """The value at a path such as `0.data.code`; None if there is none."""
    for word in path.split("."):
        if isinstance(value, dict):
            value = value.get(word)
        elif isinstance(value, list) and word.isdecimal() and int(word) < len(value):
            value = value[int(word)]
        else:
            return None
    return value
