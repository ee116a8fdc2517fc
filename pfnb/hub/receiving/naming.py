"""What names a webhook in a request: its uuid in the address that was given out, else where a sender may have put it.

A request may contain other uuids at these places: a sender's own `token` is often one. All are found here, in order; the hub
chooses the first that is a webhook's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

UUID = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
"""The pattern of an RFC 4122 uuid's text."""
HOOK = "/hook"
"""The path of webhooks below the hub's address that has no query: a uuid follows."""
GATEWAY = "/gateway"
"""The path below which webhooks have paths of their own."""
NOBODYS = "00000000-0000-0000-0000-000000000000"
"""No webhook has this uuid."""
_UUID = re.compile(UUID)
_SECOND_QUERY = re.compile(rf"((?:^|&)(?:uuid|token)={UUID})(?:\?|%3[fF])")
_NAMES = ("uuid", "token")


class Name(NamedTuple):
    """A canonical uuid, and where it was found: `path`, `query.uuid`, `query.token`, `header.token`, `field.uuid`,
    `field.token`, `json.uuid` or `json.token`. At the place `gateway` it is the path there, until the hub knows whose that is."""

    uuid: str
    place: str

    @property
    def is_path(self) -> bool:
        return self.place == "gateway"


def canonical_uuid(value: object) -> str | None:
    """The lower-case form of an RFC 4122 uuid, None for any other value (braces, `urn:`, spaces, numbers…)."""
    if isinstance(value, str) and len(value) == 36 and _UUID.fullmatch(value):
        return value.lower()
    return None


def one_query(query: str) -> str:
    """The query of an address to which the sender has appended `?a=b` although it had a query: `uuid=…?a=b` is `uuid=…&a=b`."""
    return _SECOND_QUERY.sub(r"\1&", query, count=1) if "?" in query or "%3" in query else query


def names_in_head(path: str, query: Mapping[str, Sequence[str]], headers: Iterable[tuple[str, str]]) -> Iterator[Name]:
    """The names in a request's head: the path, the query, then the headers. Below the gateway only the path counts."""
    if (below := gateway_path(path)) is not None:
        yield Name(below, "gateway")
        return
    yield from first_uuid("path", [path.rstrip("/").rpartition("/")[2]])
    yield from names_in("query", query)
    yield from first_uuid("header.token", (value for name, value in headers if name.lower() == "token"))


def gateway_path(path: str) -> str | None:
    """The part of a path below the gateway; None for any other path."""
    return path.removeprefix(f"{GATEWAY}/") if path.startswith(f"{GATEWAY}/") else None


def names_in(place: str, values: Mapping[str, Sequence[str]]) -> Iterator[Name]:
    """The first uuid that is called `uuid`, then the first that is called `token`."""
    for name in _NAMES:
        yield from first_uuid(f"{place}.{name}", values.get(name, ()))


def first_uuid(place: str, values: Iterable[object]) -> Iterator[Name]:
    uuid = next(filter(None, map(canonical_uuid, values)), None)
    if uuid is not None:
        yield Name(uuid, place)


def is_one_of(uuids: Iterable[str | None], name: str, value: object) -> bool:
    """Whether a parameter is called like one that names a webhook, and has one of these uuids."""
    return name in _NAMES and (uuid := canonical_uuid(value)) is not None and uuid in uuids


def without_names(values: Mapping[str, Sequence[str]], uuids: Iterable[str | None]) -> dict[str, list[str]]:
    """The values of each parameter without those that are one of these uuids."""
    return {
        name: kept
        for name, listed in values.items()
        if (kept := [value for value in listed if not is_one_of(uuids, name, value)])
    }
