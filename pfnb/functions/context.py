"""What functions may do for the user of a run."""

from __future__ import annotations

from pfnb.exceptions import AccessDeniedError
from pfnb.language.context import Context


def refuse_anonymous(context: Context, what: str) -> None:
    """Raises AccessDeniedError, which says what lifts it, where a run acts as nobody in particular."""
    if context.user.anonymous:
        raise AccessDeniedError(
            f'{context.user.name} may not {what}: put "- iam.run.as: {{username: {context.owner.name}}}" before it'
        )
