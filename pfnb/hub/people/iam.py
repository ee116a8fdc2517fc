"""What users may ask about users: the hub's side of the `iam` commands. It checks roles and writes the audit log itself,
because it does not trust a session with either."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pfnb.exceptions import AccessDeniedError, NotAuthenticatedError, NotFoundError, ParameterError
from pfnb.hub.origin import Origin
from pfnb.hub.people.audit import Audit
from pfnb.hub.people.users import Data, Users
from pfnb.language.checked import Checked
from pfnb.language.port import ANONYMOUS_NAME, SYSTEM_NAME, User
from pfnb.language.roles import RUN, includes
from pfnb.rows.account import AccountRow, AuthInfo, DeletedAccount, RoleRow, TokenRow, UserRow

_SECRET = frozenset({"password"})


@dataclass(frozen=True, slots=True)
class _Action:
    """`command` is the one whose role is needed, None for what every run needs; `event` its entry in the audit log, if any."""

    do: Callable[..., Awaitable[Any]]
    command: str | None = None
    event: str | None = None


class Iam:
    """The actions of the port's `iam`, for one user and the way they came in."""

    def __init__(self, users: Users, audit: Audit, user: User, origin: Origin) -> None:
        self._users = users
        self._audit = audit
        self._user = user
        self._origin = origin
        self._actions = {
            "find_user": _Action(self.find_user),
            "auth_info": _Action(self.auth_info),
            "get_user": _Action(self.get_user, "iam.user.get"),
            "user_roles": _Action(self.user_roles, "iam.user.roles"),
            "list_users": _Action(self.list_users, "iam.user.list"),
            "create_user": _Action(self.create_user, "iam.user.create", "user.created"),
            "delete_user": _Action(self.delete_user, "iam.user.delete", "user.deleted"),
            "add_roles": _Action(self.add_roles, "iam.user.add.roles", "roles.given"),
            "create_role": _Action(self.create_role, "iam.role.create", "role.created"),
            "add_composites": _Action(self.add_composites, "iam.role.add.composites", "role.changed"),
            "role_members": _Action(self.role_members, "iam.role.members"),
            "api_token": _Action(self.api_token, "iam.apitoken", "token.created"),
            "list_tokens": _Action(self.list_tokens, "iam.apitoken.list"),
            "delete_token": _Action(self.delete_token, "iam.apitoken.delete", "token.deleted"),
            "refused": _Action(self.refused),
        }

    async def do(self, action: str, fields: Mapping[str, Any]) -> Any:
        """ParameterError for an unknown action or field; AccessDeniedError for a user without the command's role."""
        found = self._actions.get(action)
        if found is None:
            raise ParameterError(f"there is no iam action {action!r}: use one of {', '.join(self._actions)}")
        facts = {name: value for name, value in fields.items() if name not in _SECRET}
        try:
            self._check_role(found, fields)
            result = await Checked(action, found.do)(fields)
        except NotAuthenticatedError:
            await self._note("login.failed", target=fields.get("username"), command=found.command)
            raise
        except AccessDeniedError as error:
            await self._note("refused", command=found.command, reason=error.message, fields=facts)
            raise
        if found.event is not None:
            await self._note(found.event, fields=facts)
        return result

    def _check_role(self, action: _Action, fields: Mapping[str, Any]) -> None:
        if action.command is None:
            return
        if (
            action.command == "iam.user.get"
            and not fields.get("uuid")
            and fields.get("username")
            in (
                self._user.name,
                ANONYMOUS_NAME,
                SYSTEM_NAME,
            )
        ):
            return  # `@user` reads the user that a run acts as
        role = f"{RUN}{action.command}"
        if not includes(self._users.reach(self._user), (role,)):
            raise AccessDeniedError(f"{self._user.name} may not run {action.command}: this needs the role {role}")

    async def _note(self, event: str, **facts: Any) -> None:
        await self._audit.note(event, self._user.name, self._origin, **facts)

    async def find_user(self, username: str) -> UserRow:
        """A user as runs see it: name and all effective roles."""
        user = self._users.user(username)
        return {"name": user.name, "roles": sorted(user.roles)}

    async def auth_info(self, username: str) -> AuthInfo:
        user = self._users.user(username)
        roles = self._users.reach(self._user) if username == self._user.name else user.roles
        account = self._users.account(username)
        return {**account.to_json(), "effectiveRoles": sorted(roles), "anonymous": user.anonymous}

    async def create_user(
        self,
        username: str,
        password: str | None = None,
        roles: tuple[str, ...] = (),
        email: str = "",
        first_name: str = "",
        last_name: str = "",
    ) -> AccountRow:
        more = {"email": email, "first_name": first_name, "last_name": last_name}
        return (await self._users.create(username, self._user, password=password, roles=roles, **more)).to_json()

    async def get_user(self, username: str | None = None, uuid: str | None = None) -> AccountRow:
        return self._users.account(self._name(username, uuid)).to_json()

    async def user_roles(self, username: str | None = None, uuid: str | None = None) -> list[str]:
        return sorted(self._users.user(self._name(username, uuid)).roles)

    async def list_users(self) -> list[AccountRow]:
        return [account.to_json() for account in self._users.accounts()]

    async def delete_user(
        self, username: str | None = None, data: Data = "keep", to: str | None = None, uuid: str | None = None
    ) -> AccountRow | DeletedAccount:
        username = self._name(username, uuid)
        account = await self._users.delete(username, self._user, data=data, to=to)
        return account.to_json() if account is not None else {"username": username}

    async def add_roles(
        self, roles: tuple[str, ...], username: str | None = None, uuid: str | None = None
    ) -> AccountRow:
        return (await self._users.add_roles(self._name(username, uuid), roles, self._user)).to_json()

    def _name(self, username: str | None, uuid: str | None) -> str:
        """A user is named by either; the uuid counts if both are given."""
        if uuid:
            found = self._users.name_of(uuid)
            if found is None:
                raise NotFoundError(f"there is no user with the uuid {uuid[:40]}: `iam.user.list` shows all")
            return found
        if not username:
            raise ParameterError("say which user: by username or by uuid")
        return username

    async def create_role(self, name: str, composites: tuple[str, ...] = ()) -> RoleRow:
        return (await self._users.create_role(name, composites, self._user)).to_json()

    async def add_composites(self, name: str, composites: tuple[str, ...]) -> RoleRow:
        return (await self._users.add_composites(name, composites, self._user)).to_json()

    async def role_members(self, name: str) -> list[AccountRow]:
        return [account.to_json() for account in self._users.members(name)]

    async def api_token(
        self,
        username: str,
        password: str | None = None,
        days: float | None = None,
        scope: tuple[str, ...] | None = None,
    ) -> str:
        return await self._users.token(username, password, self._user, origin=self._origin, days=days, scope=scope)

    async def list_tokens(self, username: str | None = None) -> list[TokenRow]:
        return [token.to_json() for token in self._users.tokens_of(username or self._user.name, self._user)]

    async def delete_token(self, id: str) -> TokenRow:  # noqa: A002 - the command's name for it
        return (await self._users.end_token(id, self._user)).to_json()

    async def refused(
        self,
        command: str,
        missing: str,
        username: str | None = None,
        pipeline: str | None = None,
        trace_id: str | None = None,
    ) -> None:
        """A run was refused a command. What the session says of it, including the user it acts as, is recorded as its claim."""
        facts = {"command": command, "pipeline": pipeline, "trace_id": trace_id, "missing": missing}
        await self._audit.refused(self._user.name, self._origin, acting_as=username, **facts)
