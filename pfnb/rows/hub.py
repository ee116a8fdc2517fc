"""A hub's state, and the entries of its cache."""

from typing import Any, TypedDict


class HubInfo(TypedDict):
    """`url` is the address as the user's side reaches it; `started` is in milliseconds since the epoch."""

    url: str
    namespace: str
    started: int


class HubStatus(TypedDict):
    """The numbers of active webhooks, of listeners, of those that are away, and of deliveries that wait for them; `problems` are
    sentences. `publicUrl` is the address for callers outside, None if none is set; `maxPayload` is in bytes."""

    url: str
    publicUrl: str | None
    version: str
    maxPayload: int
    durable: bool
    webhooks: int
    listeners: int
    away: int
    waiting: int
    problems: list[str]


class CacheEntry(TypedDict):
    """`size` is in bytes; times are milliseconds since the epoch."""

    key: str
    size: int
    created: int
    expires: int


class CachedValue(CacheEntry):
    """An entry of the cache with its value."""

    value: Any


class CacheSummary(TypedDict):
    """How many entries there are, and their bytes."""

    entries: int
    size: int
