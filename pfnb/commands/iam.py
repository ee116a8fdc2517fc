"""Users and roles, and the user that the following steps run as."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from pfnb.commands import command
from pfnb.language.context import Context
from pfnb.language.written import Written


def _listed(value: list[str] | str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Names = Annotated[list[str] | str, AfterValidator(_listed)]
"""Role names: a list, or a text with commas between them."""
Username = Annotated[str, Field(description="The user's name.", min_length=1, max_length=100)]
OrUsername = Annotated[str | None, Field(description="The user's name, if not the uuid.", max_length=100)]
Uuid = Annotated[
    str | None, Field(description="The user's uuid: instead of the name, which it overrides.", max_length=40)
]
Max = Annotated[int | None, Field(description="The most to return. Default: all.", ge=1)]
Offset = Annotated[int, Field(description="How many to skip.", ge=0)]
Filter = Annotated[
    str | None, Field(description="Only users whose name, email, first or last name has this text.", max_length=200)
]
RoleName = Annotated[str, Field(description="The role's name.", min_length=1, validation_alias="roleName")]


@command("iam.run.as", anonymous=True, in_hub=True, comes_first=True, shorthand="username")
async def run_as(
    context: Context,
    username: Annotated[Written, Field(description="The user to run the following steps as.")],
    caching: Annotated[  # noqa: ARG001
        Any, Field(description="Without effect, for PIPEFORCE's pipelines: rights are always read anew.")
    ] = None,
) -> None:
    """Run the following steps as another user.

    A pipeline may switch to its owner, and that of an `ADMIN` to `systemuser`, who does everything for the owner. For any other
    user, the owner needs the role `CAN_RUN_AS_SOURCE` and that user the role `CAN_RUN_AS_TARGET`. The owner's rights count for
    a name that is written here. For a name from an expression, the rights of the user that the pipeline runs as at this step
    count.

    Example:
        pipeline:
          - iam.run.as: {username: anonymousUser}
          - iam.authinfo
          - body.set: "#{body.username}"
        # => "anonymousUser"
    """
    await context.run_as(username.text, is_literal=username.is_literal)


@command("iam.authinfo", anonymous=True, read_only=True, in_hub=True)
async def auth_info(context: Context) -> Any:
    """Show the user that this runs as: username, roles, and `effectiveRoles` with all roles that these include.

    Example:
        pipeline:
          - iam.authinfo
          - body.set: "#{body.anonymous}"
        # => false
    """
    return await context.hub.iam("auth_info", username=context.user.name)


@command("iam.user.create", in_hub=True)
async def create_user(
    context: Context,
    username: Username,
    password: Annotated[
        str | None, Field(description="The password, needed for `iam.apitoken`; at least 8 characters.")
    ] = None,
    email: Annotated[str, Field(description="The user's email address.", max_length=200)] = "",
    first_name: Annotated[str, Field(description="The user's first name.", max_length=200)] = "",
    last_name: Annotated[str, Field(description="The user's last name.", max_length=200)] = "",
    role_names: Annotated[Names, Field(description="Roles to give the user.", validation_alias="roles")] = [],  # noqa: B006
) -> Any:
    """Create a user. You can only give roles that you have yourself.

    The name of a deleted user is not free before an `ADMIN` has decided about that user's data: see `iam.user.delete`.

    Example:
        pipeline:
          - iam.user.create: {username: grace, roleNames: "CAN_PIPE_log, CAN_PIPE_webhook.%"}
          - body.set: "#{body.roles}"
        # => ["CAN_PIPE_log", "CAN_PIPE_webhook.%"]
    """
    return await context.hub.iam(
        "create_user",
        username=username,
        password=password,
        roles=role_names,
        email=email,
        first_name=first_name,
        last_name=last_name,
    )


@command("iam.user.get", read_only=True, in_hub=True)
async def get_user(context: Context, username: OrUsername = None, uuid: Uuid = None) -> Any:
    """Return a user: username, uuid, email, names, roles.

    Example:
        pipeline:
          - iam.user.get: {username: systemuser}
          - body.set: "#{body.roles}"
        # => ["ADMIN"]
    """
    return await context.hub.iam("get_user", username=username, uuid=uuid)


@command("iam.user.roles", read_only=True, in_hub=True)
async def user_roles(
    context: Context, username: OrUsername = None, uuid: Uuid = None, max_: Max = None, offset: Offset = 0
) -> Any:
    """List all roles of a user, with those that they include.

    Example:
        pipeline:
          - iam.user.create: {username: grace, roleNames: "CAN_PIPE_log, ROLE_EMPLOYEE"}
          - iam.user.roles: {username: grace}
        # => ["CAN_PIPE_log", "ROLE_EMPLOYEE"]
    """
    return _page(await context.hub.iam("user_roles", username=username, uuid=uuid), max_, offset)


@command("iam.user.list", read_only=True, in_hub=True)
async def list_users(
    context: Context,
    filter_: Filter = None,
    max_: Max = None,
    offset: Offset = 0,
    include_roles: Annotated[bool, Field(description="Whether to show the roles of each.")] = True,
) -> Any:
    """List all users, by name.

    Example:
        pipeline:
          - iam.user.list
          - body.set: "#{body.?[username == 'systemuser'].size()}"
        # => 1
    """
    found = _page(_matching(await context.hub.iam("list_users"), filter_), max_, offset)
    return found if include_roles else [{name: user[name] for name in user if name != "roles"} for user in found]


@command("iam.user.delete", in_hub=True)
async def delete_user(
    context: Context,
    username: OrUsername = None,
    data: Annotated[
        Literal["keep", "handover", "remove"],
        Field(description="What to do with the user's data. Only an `ADMIN` may choose other than `keep`."),
    ] = "keep",
    to: Annotated[
        str | None, Field(description="The user who gets the data, with `data: handover`.", max_length=100)
    ] = None,
    uuid: Uuid = None,
) -> Any:
    """Delete a user and the user's tokens. You cannot delete a user who has more rights than you.

    With `data: keep`, the user's data stays, the stored pipelines stop running, and the name cannot be given to another user.
    An `ADMIN` can free the name, also later: `data: remove` removes the user's webhooks, pipelines, properties and events;
    `data: handover` gives them to another user. Pipelines handed over listen once that user saves them, and webhooks fire once
    that user activates them.

    Example:
        pipeline:
          - iam.user.create: {username: grace}
          - iam.user.delete: {username: grace}
          - body.set: "#{body.username}"
        # => "grace"
    """
    return await context.hub.iam("delete_user", username=username, uuid=uuid, data=data, to=to)


@command("iam.user.add.roles", in_hub=True)
async def add_roles(
    context: Context,
    role_names: Annotated[Names, Field(description="Roles to add.", validation_alias="roles", min_length=1)],
    username: OrUsername = None,
    user_uuid: Uuid = None,
) -> Any:
    """Give a user more roles. You can only give roles that you have, to users who have no roles that you lack.

    Example:
        pipeline:
          - iam.user.create: {username: grace}
          - iam.user.add.roles: {username: grace, roleNames: CAN_RUN_AS_TARGET}
          - body.set: "#{body.roles}"
        # => ["CAN_RUN_AS_TARGET"]
    """
    return await context.hub.iam("add_roles", username=username, uuid=user_uuid, roles=role_names)


@command("iam.role.create", in_hub=True)
async def create_role(
    context: Context,
    name: Annotated[str, Field(description="The role's name, such as BILLING_CLERK.", min_length=1)],
    composites: Annotated[Names, Field(description="Roles that it includes.")] = [],  # noqa: B006
) -> Any:
    """Create a role that includes other roles. You can only include roles that you have yourself.

    Each hub has the roles `ROLE_ADMIN`, `ROLE_DEVELOPER`, `ROLE_EMPLOYEE` and `ROLE_SUPPORT`, which include nothing until an app
    adds its own with `iam.role.add.composites`.

    Example:
        pipeline:
          - iam.role.create: {name: HOOK_KEEPER, composites: "CAN_PIPE_webhook.%"}
          - body.set: "#{body.composites}"
        # => ["CAN_PIPE_webhook.%"]
    """
    return await context.hub.iam("create_role", name=name, composites=composites)


@command("iam.role.add.composites", in_hub=True)
async def add_composites(
    context: Context,
    role_name: RoleName,
    composites: Annotated[Names, Field(description="Roles to include.", min_length=1)],
) -> Any:
    """Include more roles in a role. All users with this role get them, so you need this role and each of them.

    Example:
        pipeline:
          - iam.role.create: {name: HOOK_KEEPER}
          - iam.role.add.composites: {roleName: HOOK_KEEPER, composites: "CAN_PIPE_webhook.put, CAN_PIPE_log"}
          - body.set: "#{body.composites}"
        # => ["CAN_PIPE_webhook.put", "CAN_PIPE_log"]
    """
    return await context.hub.iam("add_composites", name=role_name, composites=composites)


@command("iam.role.members", read_only=True, in_hub=True)
async def role_members(
    context: Context,
    role_name: RoleName,
    filter_: Filter = None,
    max_: Max = None,
    offset: Offset = 0,
) -> Any:
    """List the users who have a role, directly or through another role.

    Example:
        pipeline:
          - iam.user.create: {username: grace, roleNames: CAN_PIPE_log}
          - iam.role.members: {roleName: CAN_PIPE_log}
          - body.set: "#{body.![username]}"
        # => ["grace"]
    """
    return _page(_matching(await context.hub.iam("role_members", name=role_name), filter_), max_, offset)


@command("iam.apitoken", in_hub=True)
async def api_token(
    context: Context,
    username: Username,
    password: Annotated[
        str | None,
        Field(description="The user's password. Neither the user nor an `ADMIN` needs it.", max_length=1000),
    ] = None,
    days: Annotated[float | None, Field(description="Days until it expires; 0: never.", ge=0, le=3650)] = None,
    scope: Annotated[
        Names | None, Field(description="The token's roles, a subset of the user's. Default: all.")
    ] = None,
) -> str:
    """Make an API token for a user, as the body: `Authorization: Bearer <token>` then acts as that user.

    It is shown only once. `iam.apitoken.delete` and deleting the user end it.

    It is valid for 90 days, or for `days`, if you log in with the hub's token or Jupyter's, or give the password. Made in a
    notebook or by a stored pipeline, it is valid for at most a day. Made with an API token, it expires no later than that one.

    Example:
        pipeline:
          - iam.user.create: {username: grace}
          - iam.apitoken: {username: grace, output: vars.token}
          - body.set: "#{vars.token.startsWith('pfnb_')}"
        # => true
    """
    token: str = await context.hub.iam("api_token", username=username, password=password, days=days, scope=scope)
    return token


@command("iam.apitoken.list", read_only=True, in_hub=True)
async def list_tokens(
    context: Context,
    username: Annotated[
        str | None,
        Field(description="Whose tokens. Default: your own. Only an `ADMIN` may see others.", max_length=100),
    ] = None,
) -> Any:
    """List a user's API tokens: id, when and by whom it was made, when it expires and was last used, and its scope.

    Example:
        pipeline:
          - iam.user.create: {username: grace, roleNames: CAN_PIPE_log}
          - iam.apitoken: {username: grace, output: vars.token}
          - iam.apitoken.list: {username: grace}
          - body.set: "#{body.![username]}"
        # => ["grace"]
    """
    return await context.hub.iam("list_tokens", username=username)


@command("iam.apitoken.delete", in_hub=True)
async def delete_token(
    context: Context,
    id: Annotated[str, Field(description="The token's id, as `iam.apitoken.list` shows it.", max_length=40)],  # noqa: A002
) -> Any:
    """End an API token at once. Only an `ADMIN` can end another user's token.

    Example:
        pipeline:
          - iam.user.create: {username: grace, roleNames: CAN_PIPE_log}
          - iam.apitoken: {username: grace, output: vars.token}
          - iam.apitoken.list: {username: grace}
          - iam.apitoken.delete: {id: "#{body[0].id}"}
          - iam.apitoken.list: {username: grace}
        # => []
    """
    return await context.hub.iam("delete_token", id=id)


def _matching(users: list[dict[str, Any]], text: str | None) -> list[dict[str, Any]]:
    """Users whose name, email, first or last name has this text, in upper or lower case."""
    if not text:
        return users
    wanted, fields = text.casefold(), ("username", "email", "firstName", "lastName")
    return [user for user in users if any(wanted in str(user[name]).casefold() for name in fields)]


def _page(items: list[Any], most: int | None, offset: int) -> list[Any]:
    return items[offset:] if most is None else items[offset : offset + most]
