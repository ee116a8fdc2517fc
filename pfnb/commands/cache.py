"""A cache in the hub's memory, shared by the pipelines of one owner."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from pfnb.commands import command
from pfnb.commands.inputs import chosen
from pfnb.exceptions import NotFoundError
from pfnb.language.command import NULL, as_result
from pfnb.language.context import Context
from pfnb.language.parameters import UNSET
from pfnb.rows.hub import CacheEntry, CacheSummary

SHORTEST, LONGEST = 5, 120

Key = Annotated[str, Field(description="The entry's key.", min_length=1)]


@command("cache.put", in_hub=True)
async def put(
    body: Any,
    context: Context,
    key: Key,
    value: Annotated[Any, Field(description="The value, any JSON. Default: the body.")] = UNSET,
    time_to_live: Annotated[int, Field(description="Minutes to keep it, from 5 to 120.")] = SHORTEST,
) -> None:
    """Keep a value for the pipelines of this user. The body stays as it is.

    The hub holds values in memory: it drops the oldest when there are too many, and all when it stops.

    Example:
        pipeline:
          - cache.put: {key: rate, value: 1.1, timeToLive: 30}
          - cache.get: {key: rate}
        # => 1.1
    """
    minutes = min(max(time_to_live, SHORTEST), LONGEST)
    await context.hub.put_cached(key, chosen(value, body), seconds=minutes * 60)


@command("cache.get", in_hub=True, shorthand="key")
async def get(
    context: Context,
    key: Key,
    remove: Annotated[bool, Field(description="Whether to remove the entry.")] = False,
    exit: Annotated[  # noqa: A002 - PIPEFORCE's word
        bool, Field(description="Whether to end the run if the entry exists, with its value as the body.")
    ] = False,
) -> Any:
    """Get the value of a key; null if it is missing or expired.

    Example:
        pipeline:
          - cache.put: {key: rate, value: 1.1}
          - cache.get: {key: rate, remove: true}
          - cache.get: {key: rate}
        # => null
    """
    entry = await context.hub.get_cached(key, remove=remove)
    if entry is None:
        return NULL
    if exit:
        context.scope.body = entry["value"]
        context.exit()
    return as_result(entry["value"])


@command("cache.has", in_hub=True, shorthand="key")
async def has(context: Context, key: Key) -> bool:
    """Whether there is a value for a key. It may be null.

    Example:
        pipeline:
          - cache.put: {key: rate, value: 1.1}
          - cache.has: {key: rate}
        # => true
    """
    return await context.hub.get_cached(key) is not None


@command("cache.clear", aliases=("cache.remove",), in_hub=True, shorthand="key")
async def clear(
    context: Context,
    key: Annotated[str | None, Field(description="The entry to remove. Default: all that have expired.")] = None,
) -> None:
    """Remove an entry. The body stays as it is. Expired entries are removed automatically.

    Example:
        pipeline:
          - cache.put: {key: rate, value: 1.1}
          - cache.clear: {key: rate}
          - cache.list
        # => []
    """
    if key:
        await context.hub.get_cached(key, remove=True)
    else:
        await context.hub.list_cached()


@command("cache.list", in_hub=True)
async def list_entries(context: Context) -> list[CacheEntry]:
    """List all entries, the oldest first: `key`, `size` in bytes, `created` and `expires` in milliseconds.

    Example:
        pipeline:
          - cache.put: {key: rate, value: 1.1}
          - cache.list
          - body.set: "#{body.![key]}"
        # => ["rate"]
    """
    return await context.hub.list_cached()


@command("cache.info", in_hub=True)
async def info(
    context: Context,
    key: Annotated[str | None, Field(description="The entry to show. Default: the totals of all entries.")] = None,
) -> CacheEntry | CacheSummary:
    """Get the number of entries and their bytes, or the attributes of one entry.

    Example:
        pipeline:
          - cache.put: {key: rate, value: 1.1}
          - cache.info
        # => {"entries": 1, "size": 3}
    """
    entries = await context.hub.list_cached()
    if not key:
        return {"entries": len(entries), "size": sum(entry["size"] for entry in entries)}
    found = next((entry for entry in entries if entry["key"] == key), None)
    if found is None:
        raise NotFoundError(f'there is no "{key[:60]}" in the cache')
    return found
