"""Who the steps that follow run as."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pfnb.language.command import command
from pfnb.language.context import Context


@command("iam.run.as", anonymous=True)
async def run_as(
    context: Context, username: Annotated[str, Field(description="The user to run as from here on.", min_length=1)]
) -> None:
    """Run the steps that follow as another user. The pipeline's owner may lift it to themselves.

    Example:
        pipeline:
          - iam.run.as: {username: anonymousUser}
          - body.set: what anybody may do
        # => "what anybody may do"
    """
    context.run_as(username)
