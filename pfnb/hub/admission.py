"""What a webhook demands of a request before it becomes an event."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

from pfnb.exceptions import NotAdmittedError, RateLimitError
from pfnb.hub.buckets import Buckets
from pfnb.hub.event_expressions import value_over
from pfnb.hub.handshakes import Handshakes, Reply
from pfnb.hub.proofs import Proofs
from pfnb.hub.receiving.proof import Effort
from pfnb.hub.receiving.request import Body, Received
from pfnb.hub.records.event import Event
from pfnb.hub.records.webhook import Webhook
from pfnb.language.condition import is_true
from pfnb.language.durations import duration_text
from pfnb.language.extent import shown
from pfnb.language.networks import Networks, address_of, networks_of
from pfnb.language.pel import parse_template


class Admission:
    """Checks requests against the demands of their webhooks, the cheapest first. `now` gives milliseconds since the epoch."""

    def __init__(self, proofs: Proofs, handshakes: Handshakes, now: Callable[[], int]) -> None:
        self._proofs = proofs
        self._handshakes = handshakes
        self._now = now
        self._buckets = Buckets()

    async def check(self, webhook: Webhook | None, received: Received) -> Reply | None:
        """NotAdmittedError, with the reason for the webhook's owner, if the webhook does not take this request, or there is none.
        BusyError if that cannot be found out now. Costly checks take as long for every request. Returns the reply to a handshake,
        which is no event."""
        effort = Effort()
        try:
            if webhook is None:
                raise NotAdmittedError("There is no such webhook.")
            _check_address(webhook, received)
            if (reply := await self._handshakes.reply(webhook, received, proven=False)) is not None:
                return reply
            _check_method(webhook, received)
            _check_origin(webhook, received)
            await self._proofs.check(webhook, received, self._now(), effort)
            return await self._handshakes.reply(webhook, received, proven=True)
        finally:
            await self._proofs.pad(received.body, effort)

    async def filter(self, webhook: Webhook, event: Event, body: Body) -> None:
        """NotAdmittedError if the webhook's filter is false for this event; the PfnbError of a filter that has no value."""
        if webhook.filter and not is_true(await value_over(parse_template(webhook.filter), event, body), "its value"):
            raise NotAdmittedError(f"The filter {shown(webhook.filter)} is false for it (filter).")

    def count(self, webhook: Webhook) -> None:
        """Count a request that is to become an event. RateLimitError if the webhook's rate allows none now.

        Call this last: senders that the webhook does not admit must not use up its rate."""
        rate = webhook.rate
        if rate and (seconds := self._buckets.take(webhook.uuid, rate)):
            requests = "1 request" if rate["requests"] == 1 else f"{rate['requests']:,} requests"
            raise RateLimitError(
                f"This webhook takes at most {requests} in {duration_text(rate['per'])} (rate): send it again later.",
                retry_after=max(1, math.ceil(seconds)),
            )


def _check_method(webhook: Webhook, received: Received) -> None:
    if webhook.methods is not None and received.method not in webhook.methods:
        raise NotAdmittedError(
            f"The method was {received.method}, but this webhook takes only {', '.join(webhook.methods)} (methods).",
            status=405,
        )


def _check_address(webhook: Webhook, received: Received) -> None:
    if not webhook.allow:
        return
    address = address_of(received.remote_address)
    if address is None or address not in _networks(tuple(webhook.allow)):
        raise NotAdmittedError(
            f"The address was {received.remote_address or 'unknown'}, which is not among those that may call (allow)."
        )


def _check_origin(webhook: Webhook, received: Received) -> None:
    origin = received.headers.get("origin")
    if webhook.cors and origin is not None and origin.lower() not in webhook.cors:
        raise NotAdmittedError(f"A page of {origin} sent it, which is not among the origins that may call (cors).")


@lru_cache(1024)
def _networks(allowed: tuple[str, ...]) -> Networks:
    return Networks(networks_of(allowed, "allow"))
