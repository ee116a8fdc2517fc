"""What functions may do for the user of a run."""

from __future__ import annotations

import uuid
from contextlib import suppress
from typing import Any

from pfnb.exceptions import AccessDeniedError, HubUnreachableError, NotFoundError
from pfnb.language.context import Context


def refuse_anonymous(context: Context, what: str) -> None:
    """Raises AccessDeniedError, which says what lifts it, where a run acts as nobody in particular."""
    if context.user.anonymous:
        raise AccessDeniedError(
            f'{context.user.name} may not {what}: put "- iam.run.as: {{username: {context.owner.name}}}" before it'
        )


async def account_of(context: Context) -> dict[str, Any]:
    """Whom a run acts as, as the hub knows them; where there is no hub, or none that does, `username` and a `uuid`."""
    name = context.user.name
    own = {"username": name, "uuid": str(uuid.uuid5(uuid.NAMESPACE_OID, name))}
    with suppress(HubUnreachableError, NotFoundError):
        own |= await context.hub.iam("get_user", username=name)
    return own
