"""`@user`: whom a run acts as. A hub of one machine knows users by their names alone: what else there may be is null."""

from __future__ import annotations

import re
import uuid as uuids
from typing import Any

from pfnb.functions.arguments import flat, plain_text
from pfnb.language.context import Context
from pfnb.language.function import function
from pfnb.language.java_zones import local_zone


@function("user.username")
def username(context: Context) -> str:
    """The name of the user.

    Example:
        @user.username()
    """
    return context.user.name


@function("user.uuid")
def uuid(context: Context) -> str:
    """An id of the user, always the same for the same name.

    Example:
        @text.length(@user.uuid())
    """
    return str(uuids.uuid5(uuids.NAMESPACE_OID, context.user.name))


@function("user.loggedIn")
def logged_in(context: Context) -> bool:
    """Whether it is known who the user is: not so in a pipeline that a webhook started, before `iam.run.as`.

    Example:
        @user.loggedIn()
    """
    return not context.user.anonymous


@function("user.hasPermission")
def has_permission(context: Context, *permission_keys: Any) -> bool:
    """Whether the user has one of the roles: whoever is known has each `CAN_PIPE_…`, and nobody else any.

    Example:
        @user.hasPermission('CAN_PIPE_log')
    """
    wanted = [word.strip() for key in flat(permission_keys) for word in plain_text(key).split(",")]
    return not context.user.anonymous and any(re.fullmatch(r"CAN_PIPE_\S+", word) for word in wanted)


@function("user.displayName")
def display_name(context: Context, value: Any = None) -> str:
    """How to call the user, or a person in a map with `firstName`, `lastName`, `email`, `username` or `uuid`.

    Example:
        @user.displayName({firstName: 'Ada', lastName: 'Lovelace'})
    """
    if value is None:
        return context.user.name
    if not isinstance(value, dict):
        return ""
    full = " ".join(plain_text(value.get(key)) for key in ("firstName", "lastName")).strip()
    others = (plain_text(value.get(key)) for key in ("displayName", "email", "username", "uuid"))
    return full or next(filter(None, others), "")


@function("user.email")
def email(context: Context, value: Any = None) -> str | None:  # noqa: ARG001 - the user's own is not known
    """The address in a map with `email`; null for the user, whose address is not known.

    Example:
        @user.email({email: 'ada@example.org'})
    """
    found = value.get("email") if isinstance(value, dict) else None
    return found if isinstance(found, str) else None


@function("user.emailAndDisplayName")
def email_and_display_name(context: Context, value: Any = None) -> str:
    """Address and name, as `ada@example.org (Ada Lovelace)`; an empty text without an address.

    Example:
        @user.emailAndDisplayName({email: 'ada@example.org', firstName: 'Ada'})
    """
    address = email(context, value)
    return f"{address} ({display_name(context, value)})" if address else ""


@function("user.firstName")
def first_name(context: Context) -> str | None:  # noqa: ARG001 - it is not known
    """Null: it is not known.

    Example:
        @user.firstName()
    """
    return None


@function("user.lastName")
def last_name(context: Context) -> str | None:  # noqa: ARG001 - it is not known
    """Null: it is not known.

    Example:
        @user.lastName()
    """
    return None


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
