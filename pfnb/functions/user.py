"""`@user`: the user that a run acts as. What the hub does not know of them is null."""

from __future__ import annotations

from typing import Any

from pfnb.functions import function
from pfnb.functions.arguments import flat, plain_text
from pfnb.functions.context import account_of
from pfnb.language.context import Context
from pfnb.language.java.zones import local_zone
from pfnb.language.roles import grants


@function("user.username")
def username(context: Context) -> str:
    """The name of the user.

    Example:
        @user.username()
    """
    return context.user.name


@function("user.uuid")
async def uuid(context: Context) -> str:
    """The id of the user, always the same for the same user.

    Example:
        @text.length(@user.uuid())
    """
    return str((await account_of(context))["uuid"])


@function("user.loggedIn")
def logged_in(context: Context) -> bool:
    """Whether the user is known: false in a pipeline that a webhook started, before `iam.run.as`.

    Example:
        @user.loggedIn()
    """
    return not context.user.anonymous


@function("user.hasPermission")
def has_permission(context: Context, *permission_keys: Any) -> bool:
    """Whether the user has one of these roles; a user who may run every command has each `CAN_PIPE_…`.

    Example:
        @user.hasPermission('CAN_PIPE_log')
    """
    wanted = [word.strip() for key in flat(permission_keys) for word in plain_text(key).split(",")]
    return any(grants(context.user.roles, word) for word in wanted if word)


@function("user.displayName")
async def display_name(context: Context, value: Any = None) -> str:
    """The display name of the user, or of a person in a map with `firstName`, `lastName`, `email`, `username` or `uuid`.

    Example:
        @user.displayName({firstName: 'Ada', lastName: 'Lovelace'})
    """
    if value is None:
        return _full_name(await account_of(context)) or context.user.name
    if not isinstance(value, dict):
        return ""
    others = (plain_text(value.get(key)) for key in ("displayName", "email", "username", "uuid"))
    return _full_name(value) or next(filter(None, others), "")


@function("user.email")
async def email(context: Context, value: Any = None) -> str | None:
    """The user's email address, or that in a map with `email`.

    Example:
        @user.email({email: 'ada@example.org'})
    """
    person = await account_of(context) if value is None else value
    found = person.get("email") if isinstance(person, dict) else None
    return found if isinstance(found, str) and found else None


@function("user.emailAndDisplayName")
async def email_and_display_name(context: Context, value: Any = None) -> str:
    """Email address and name, as `ada@example.org (Ada Lovelace)`; an empty text without an address.

    Example:
        @user.emailAndDisplayName({email: 'ada@example.org', firstName: 'Ada'})
    """
    address = await email(context, value)
    return f"{address} ({await display_name(context, value)})" if address else ""


@function("user.firstName")
async def first_name(context: Context) -> str | None:
    """The user's first name.

    Example:
        @user.firstName()
    """
    return (await account_of(context)).get("firstName") or None


@function("user.lastName")
async def last_name(context: Context) -> str | None:
    """The user's last name.

    Example:
        @user.lastName()
    """
    return (await account_of(context)).get("lastName") or None


@function("user.locale")
def locale(context: Context) -> str | None:  # noqa: ARG001 - none is set
    """Null: no language is set for users.

    Example:
        @user.locale()
    """
    return None


@function("user.zone")
def zone() -> str:
    """The time zone: this machine's.

    Example:
        @text.isEmpty(@user.zone())  # => false
    """
    return str(local_zone())


def _full_name(person: dict[str, Any]) -> str:
    return " ".join(plain_text(person.get(key)) for key in ("firstName", "lastName")).strip()
