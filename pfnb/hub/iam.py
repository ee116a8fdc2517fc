"""What users may ask about users: the hub's side of the `iam` commands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pfnb.exceptions import ParameterError
from pfnb.hub.audit import Audit
from pfnb.hub.users import Users
from pfnb.language.checked import Checked
from pfnb.language.port import User


class Iam:
    """The actions of the port's `iam`, for one user. That they may be asked for was checked by the command's role."""

    def __init__(self, users: Users, audit: Audit, user: User) -> None:
        self._users = users
        self._audit = audit
        self._user = user
        self._actions: dict[str, Callable[..., Awaitable[Any]]] = {
            "find_user": self.find_user,
            "auth_info": self.auth_info,
            "create_user": self.create_user,
            "get_user": self.get_user,
            "list_users": self.list_users,
            "delete_user": self.delete_user,
            "add_roles": self.add_roles,
            "create_role": self.create_role,
            "add_composites": self.add_composites,
            "role_members": self.role_members,
            "api_token": self.api_token,
            "refused": self.refused,
        }

    async def do(self, action: str, fields: Mapping[str, Any]) -> Any:
        """ParameterError for an action or fields that there are not."""
        found = self._actions.get(action)
        if found is None:
            raise ParameterError(f"there is no iam action {action!r}: there are {', '.join(self._actions)}")
        return await Checked(action, found)(**fields)

    async def find_user(self, username: str) -> dict[str, Any]:
        """A user as runs need to know them: name and all roles that count."""
        user = self._users.user(username)
        return {"name": user.name, "roles": sorted(user.roles)}

    async def auth_info(self, username: str) -> dict[str, Any]:
        user = self._users.user(username)
        account = self._users.account(username)
        return {**account.to_json(), "effectiveRoles": sorted(user.roles), "anonymous": user.anonymous}

    async def create_user(
        self,
        username: str,
        password: str | None = None,
        roles: tuple[str, ...] = (),
        email: str = "",
        first_name: str = "",
        last_name: str = "",
    ) -> dict[str, Any]:
        more = {"email": email, "first_name": first_name, "last_name": last_name}
        return (await self._users.create(username, self._user, password=password, roles=roles, **more)).to_json()

    async def get_user(self, username: str) -> dict[str, Any]:
        return self._users.account(username).to_json()

    async def list_users(self) -> list[dict[str, Any]]:
        return [account.to_json() for account in self._users.accounts()]

    async def delete_user(self, username: str) -> dict[str, Any]:
        return (await self._users.delete(username)).to_json()

    async def add_roles(self, username: str, roles: tuple[str, ...]) -> dict[str, Any]:
        return (await self._users.add_roles(username, roles, self._user)).to_json()

    async def create_role(self, name: str, composites: tuple[str, ...] = ()) -> dict[str, Any]:
        return (await self._users.create_role(name, composites, self._user)).to_json()

    async def add_composites(self, name: str, composites: tuple[str, ...]) -> dict[str, Any]:
        return (await self._users.add_composites(name, composites, self._user)).to_json()

    async def role_members(self, name: str) -> list[dict[str, Any]]:
        return [account.to_json() for account in self._users.members(name)]

    async def api_token(self, username: str, password: str | None = None) -> str:
        return await self._users.token(username, password, self._user)

    async def refused(
        self, username: str, command: str, pipeline: str | None, trace_id: str | None, missing: str
    ) -> None:
        await self._audit.refused(user=username, command=command, pipeline=pipeline, trace_id=trace_id, missing=missing)
