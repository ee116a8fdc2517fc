"""What a webhook demands of a request before it becomes an event."""

from __future__ import annotations

from pfnb.exceptions import NotAdmittedError
from pfnb.hub.receiving.request import Received
from pfnb.hub.records.webhook import Webhook


class Admission:
    """Checks requests against the demands of their webhooks, the cheapest first."""

    async def check(self, webhook: Webhook, received: Received) -> None:
        """NotAdmittedError, with the reason for the webhook's owner, if the webhook does not take this request."""
        _check_method(webhook, received)


def _check_method(webhook: Webhook, received: Received) -> None:
    if webhook.methods is not None and received.method not in webhook.methods:
        raise NotAdmittedError(
            f"The method was {received.method}, but this webhook takes only {', '.join(webhook.methods)} (methods).",
            status=405,
        )
