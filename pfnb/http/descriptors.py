"""How many files and connections this process may have open."""

from __future__ import annotations

import sys

ENOUGH = 65_536
"""The most descriptors to ask for."""
RESERVED = 128
"""Descriptors kept for the database, the worker and everything else that is not a connection."""
FEWEST = 16

if sys.platform == "win32":

    def raise_limit() -> None:
        """Windows has no such limit."""

    def limit() -> int:
        return ENOUGH

else:
    import resource

    def raise_limit() -> None:
        """Raise the soft limit towards the hard limit, up to ENOUGH."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = ENOUGH if hard == resource.RLIM_INFINITY else min(hard, ENOUGH)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))

    def limit() -> int:
        """The number of descriptors that this process may have."""
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return ENOUGH if soft == resource.RLIM_INFINITY else soft


def most_connections(wanted: int) -> int:
    """`wanted` connections, or as many as there are descriptors for: each may need a second one, for its body."""
    return min(wanted, max(FEWEST, (limit() - RESERVED) // 2))
