"""Re-entering our own loop: an `async def` step that calls `pfnb.run` is on the loop already.

All other callers wait on another thread and do not need this, so it is applied only on first use.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import nest_asyncio2  # type: ignore[import-untyped]


def allow_reentry(loop: asyncio.AbstractEventLoop) -> None:
    """Make `loop.run_until_complete` work while the loop runs. Idempotent.

    nest_asyncio2 also replaces `asyncio.run` and makes the policy patch every new loop, which would let cells nest the kernel's
    loop. Both are restored, and nest_asyncio2's mark is removed, so that users can still apply it themselves.
    """
    if hasattr(loop, "_nest_patched"):
        return
    applied_by_user = hasattr(asyncio, "_nest_patched")
    run: Any = asyncio.run
    with _policy_untouched():
        nest_asyncio2.apply(loop)
    if not applied_by_user:
        asyncio.run = run
        del asyncio._nest_patched  # type: ignore[attr-defined]


@contextmanager
def _policy_untouched() -> Iterator[None]:
    if sys.version_info >= (3, 14):  # there nest_asyncio2 leaves the policy alone
        yield
        return
    policy: Any = type(asyncio.get_event_loop_policy())
    get_event_loop = policy.get_event_loop
    try:
        yield
    finally:
        policy.get_event_loop = get_event_loop
