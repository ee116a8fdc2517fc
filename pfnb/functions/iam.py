"""`@iam`: users of the hub."""

from __future__ import annotations

from typing import Any

from pfnb.exceptions import NotFoundError
from pfnb.functions import function
from pfnb.functions.context import account_of, refuse_anonymous
from pfnb.language.context import Context


@function("iam.userByUsername")
async def user_by_username(context: Context, username: str) -> dict[str, Any] | None:
    """The user of this name; null if there is none. Needs the right to run `iam.user.get`, except for the run's own user.

    Example:
        @iam.userByUsername('systemuser').username  # => "systemuser"
    """
    return await user_of(context, "username", username)


@function("iam.userByUuid")
async def user_by_uuid(context: Context, uuid: str) -> dict[str, Any] | None:
    """The user of this id, as `@user.uuid()` returns it; null if there is none.

    Example:
        @iam.userByUuid('00000000-0000-4000-8000-000000000000')  # => null
    """
    return await user_of(context, "uuid", uuid)


@function("iam.userByEmail")
async def user_by_email(context: Context, email: str) -> dict[str, Any] | None:
    """The first user with this email address; null if there is none.

    Example:
        @iam.userByEmail('nobody@example.org')  # => null
    """
    return await user_of(context, "email", email)


async def user_of(context: Context, attribute: str, value: str) -> dict[str, Any] | None:
    """The user whose attribute has this value; None if there is none. Raises AccessDeniedError for another than the run's own
    user, unless that one may run `iam.user.get` for a name, `iam.user.list` for the rest."""
    own = await account_of(context)
    if str(own.get(attribute) or "").lower() == value.lower():
        return own
    refuse_anonymous(context, "read users")
    try:
        if attribute == "username":
            return dict(await context.hub.iam("get_user", username=value))
        users = await context.hub.iam("list_users")
    except NotFoundError:
        return None
    return next((dict(one) for one in users if str(one.get(attribute) or "").lower() == value.lower()), None)
