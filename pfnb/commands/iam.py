"""Users and their roles, and who the steps that follow run as."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from pfnb.language.command import command
from pfnb.language.context import Context


def _listed(value: list[str] | str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Names = Annotated[list[str] | str, AfterValidator(_listed)]
"""Role names: a list, or a text with commas."""
Username = Annotated[str, Field(description="The user's name.", min_length=1, max_length=100)]
RoleName = Annotated[str, Field(description="The role's name.", min_length=1, validation_alias="roleName")]


@command("iam.run.as", anonymous=True)
async def run_as(
    context: Context, username: Annotated[str, Field(description="The user to run as from here on.", min_length=1)]
) -> None:
    """Run the steps that follow as another user.

    The pipeline's owner may lift it to themselves, and an `ADMIN` to `systemuser`, who does everything for the owner. To anybody
    else it takes the role `CAN_RUN_AS_SOURCE` for the owner and
    `CAN_RUN_AS_TARGET` for that user.

    Example:
        pipeline:
          - iam.run.as: {username: anonymousUser}
          - iam.authinfo
          - body.set: "#{body.username}"
        # => "anonymousUser"
    """
    await context.run_as(username)


@command("iam.authinfo", anonymous=True, read_only=True)
async def auth_info(context: Context) -> Any:
    """Tell who this runs as: username, roles, and `effectiveRoles` with all that these stand for.

    Example:
        pipeline:
          - iam.authinfo
          - body.set: "#{body.anonymous}"
        # => false
    """
    return await context.hub.iam("auth_info", username=context.user.name)


@command("iam.user.create")
async def create_user(
    context: Context,
    username: Username,
    password: Annotated[str | None, Field(description="What `iam.apitoken` asks for; 8 characters at least.")] = None,
    email: Annotated[str, Field(description="The user's address.", max_length=200)] = "",
    first_name: Annotated[str, Field(description="The user's first name.", max_length=200)] = "",
    last_name: Annotated[str, Field(description="The user's last name.", max_length=200)] = "",
    role_names: Annotated[Names, Field(description="Roles the user gets.", validation_alias="roles")] = [],  # noqa: B006
) -> Any:
    """Create a user. Nobody can give roles that do more than they may themselves.

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


@command("iam.user.get", read_only=True)
async def get_user(context: Context, username: Username) -> Any:
    """Return a user: username, uuid, email, names, roles.

    Example:
        pipeline:
          - iam.user.get: {username: systemuser}
          - body.set: "#{body.roles}"
        # => ["ADMIN"]
    """
    return await context.hub.iam("get_user", username=username)


@command("iam.user.list", read_only=True)
async def list_users(context: Context) -> Any:
    """List all users.

    Example:
        pipeline:
          - iam.user.list
          - body.set: "#{body.?[username == 'systemuser'].size()}"
        # => 1
    """
    return await context.hub.iam("list_users")


@command("iam.user.delete")
async def delete_user(context: Context, username: Username) -> Any:
    """Delete a user and the user's tokens. What the user has created stays, but its stored pipelines run no more.

    Example:
        pipeline:
          - iam.user.create: {username: grace}
          - iam.user.delete: {username: grace}
          - body.set: "#{body.username}"
        # => "grace"
    """
    return await context.hub.iam("delete_user", username=username)


@command("iam.user.add.roles")
async def add_roles(
    context: Context,
    username: Username,
    role_names: Annotated[Names, Field(description="Roles to add.", validation_alias="roles", min_length=1)],
) -> Any:
    """Give a user more roles. Nobody can give roles that do more than they may themselves.

    Example:
        pipeline:
          - iam.user.create: {username: grace}
          - iam.user.add.roles: {username: grace, roleNames: CAN_RUN_AS_TARGET}
          - body.set: "#{body.roles}"
        # => ["CAN_RUN_AS_TARGET"]
    """
    return await context.hub.iam("add_roles", username=username, roles=role_names)


@command("iam.role.create")
async def create_role(
    context: Context,
    name: Annotated[str, Field(description="The role's name, such as BILLING_CLERK.", min_length=1)],
    composites: Annotated[Names, Field(description="Roles that it stands for.")] = [],  # noqa: B006
) -> Any:
    """Create a role that stands for others.

    Example:
        pipeline:
          - iam.role.create: {name: HOOK_KEEPER, composites: "CAN_PIPE_webhook.%"}
          - body.set: "#{body.composites}"
        # => ["CAN_PIPE_webhook.%"]
    """
    return await context.hub.iam("create_role", name=name, composites=composites)


@command("iam.role.add.composites")
async def add_composites(
    context: Context,
    role_name: RoleName,
    composites: Annotated[Names, Field(description="Roles that it stands for from now on, too.", min_length=1)],
) -> Any:
    """Let a role stand for more roles.

    Example:
        pipeline:
          - iam.role.create: {name: HOOK_KEEPER}
          - iam.role.add.composites: {roleName: HOOK_KEEPER, composites: "CAN_PIPE_webhook.put, CAN_PIPE_log"}
          - body.set: "#{body.composites}"
        # => ["CAN_PIPE_webhook.put", "CAN_PIPE_log"]
    """
    return await context.hub.iam("add_composites", name=role_name, composites=composites)


@command("iam.role.members", read_only=True)
async def role_members(context: Context, role_name: RoleName) -> Any:
    """List the users who have a role, themselves or by another role.

    Example:
        pipeline:
          - iam.user.create: {username: grace, roleNames: CAN_PIPE_log}
          - iam.role.members: {roleName: CAN_PIPE_log}
          - body.set: "#{body.![username]}"
        # => ["grace"]
    """
    return await context.hub.iam("role_members", name=role_name)


@command("iam.apitoken")
async def api_token(
    context: Context,
    username: Username,
    password: Annotated[str | None, Field(description="The user's password; not needed by who may do more.")] = None,
) -> str:
    """Make an API token for a user, as the body: `Authorization: Bearer <token>` then acts as that user.

    It is shown this once. Deleting the user ends it.

    Example:
        pipeline:
          - iam.user.create: {username: grace}
          - iam.apitoken: {username: grace, output: vars.token}
          - body.set: "#{vars.token.startsWith('pfnb_')}"
        # => true
    """
    token: str = await context.hub.iam("api_token", username=username, password=password)
    return token
