"""The user of a run, for functions."""

from __future__ import annotations

import uuid
from contextlib import suppress
from typing import Any

from pfnb.exceptions import AccessDeniedError, HubUnreachableError, NotFoundError
from pfnb.language.context import Context


def refuse_anonymous(context: Context, what: str) -> None:
    """Raise AccessDeniedError for an anonymous run; the message says how to change the user."""
    if context.user.anonymous:
        raise AccessDeniedError(
            f'{context.user.name} may not {what}: put "- iam.run.as: {{username: {context.owner.name}}}" before it'
        )


async def account_of(context: Context) -> dict[str, Any]:
    """The run's user as known to the hub; `username` and a `uuid` only, without a hub or for an unknown user."""
    name = context.user.name
    own = {"username": name, "uuid": str(uuid.uuid5(uuid.NAMESPACE_OID, name))}
    with suppress(HubUnreachableError, NotFoundError):
        own |= await context.hub.iam("get_user", username=name)
    return own
