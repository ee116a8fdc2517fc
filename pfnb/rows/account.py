"""Users, their roles and their API tokens."""

from typing import TypedDict


class UserRow(TypedDict):
    """A user as runs see it: with all effective roles."""

    name: str
    roles: list[str]


class AccountRow(TypedDict):
    """A user's account. `created` is in milliseconds since the epoch."""

    username: str
    uuid: str
    email: str
    firstName: str
    lastName: str
    roles: list[str]
    created: int


class AuthInfo(AccountRow):
    """The account of the user that a run acts as."""

    effectiveRoles: list[str]
    anonymous: bool


class DeletedAccount(TypedDict):
    """An account that was deleted earlier, and whose data is removed or handed over now."""

    username: str


class RoleRow(TypedDict):
    """A role that somebody created; it includes its `composites`."""

    name: str
    roleUuid: str
    composites: list[str]


class TokenRow(TypedDict):
    """An API token, without its secret. Times are milliseconds since the epoch; `scope` are the roles it is limited to."""

    id: str
    username: str
    created: int | None
    expires: int | None
    lastUsed: int | None
    scope: list[str] | None
    createdBy: str | None
