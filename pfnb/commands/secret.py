"""Stored secrets: commands that send them to other servers name them, and nothing shows them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from pfnb.commands import command
from pfnb.language.context import Context
from pfnb.rows.secret import SecretFormat

Name = Annotated[str, Field(description="The secret's name, such as `stripe/live`.", min_length=1, max_length=200)]


@command("secret.put", in_hub=True)
async def put(
    context: Context,
    name: Name,
    format: Annotated[  # noqa: A002 - PIPEFORCE's name
        SecretFormat,
        Field(
            description="What it is: `bearer` a token, `header` a header `Name: value`, `username-password` both with a colon "
            "between them, `secret-text` any text."
        ),
    ],
    secret: Annotated[str, Field(description="The secret itself.", min_length=1)],
    time_to_live: Annotated[float | None, Field(description="Minutes until it expires. Default: never.", gt=0)] = None,
) -> Any:
    """Store a secret, or replace the one of this name. It is kept encrypted, and nothing shows its value again.

    `http.get` and the other commands of `http` send it: with `secret: NAME`, or with `$uri:secret:NAME` as their `bearer`, their
    `password` or one of their `headers`.

    Example:
        pipeline:
          - secret.put: {name: partner, format: bearer, secret: "an example, 1234"}
          - secret.get: {name: partner}
          - body.set: "#{body.format}"
        # => "bearer"
    """
    return await context.hub.put_secret(name, format, secret, minutes=time_to_live)


@command("secret.get", read_only=True, in_hub=True)
async def get(
    context: Context,
    name: Annotated[str | None, Field(description="The secret's name. Default: all.", max_length=200)] = None,
) -> Any:
    """Show your secrets, or one of them: name, format, and when it was stored and expires. Values are never shown.

    Example:
        pipeline:
          - secret.put: {name: partner, format: username-password, secret: "ada:an example, 1234"}
          - secret.get
          - body.set: "#{body.![name]}"
        # => ["partner"]
    """
    found = await context.hub.get_secrets(name or None)
    return found[0] if name else found


@command("secret.delete", in_hub=True)
async def delete(context: Context, name: Name) -> None:
    """Delete a secret. The body stays as it is.

    Example:
        pipeline:
          - secret.put: {name: partner, format: secret-text, secret: "an example, 1234"}
          - secret.delete: {name: partner}
          - secret.get
        # => []
    """
    await context.hub.delete_secret(name)
