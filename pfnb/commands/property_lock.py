"""Locks of properties: who alone may change one, and the trash bin, from which it can be taken back."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from pfnb.commands import command
from pfnb.commands.property import Path, as_data
from pfnb.language.command import NULL
from pfnb.language.context import Context
from pfnb.rows.property import LockRow, LockType

Ttl = Annotated[
    int | None,
    Field(
        description="Milliseconds until the lock ends, or until what is in the trash bin is deleted. Default: never.",
        ge=1,
    ),
]
Uuid = Annotated[str | None, Field(description="The user's uuid, for the type `user`. Default: yours.")]
Name = Annotated[
    str | None, Field(description="The role, for the type `role`; the namespace, for `namespace` (default: this one).")
]
Details = Annotated[str | None, Field(description="A note.")]


@command("property.lock.put", in_hub=True)
async def put(
    context: Context,
    path: Path,
    type: Annotated[LockType, Field(description="For whom the property stays open; `global`: for nobody.")] = "global",  # noqa: A002
    ttl: Ttl = None,
    uuid: Uuid = None,
    name: Name = None,
    details: Details = None,
) -> LockRow | None:
    """Lock a property: only those whom the lock names can change, move or delete it, or its attachments. Returns the lock.

    `user` leaves it open for one user, `role` for those with a role, `namespace` for those of a namespace, `global` for nobody.
    `trash` puts it into the trash bin: it is no longer listed, and a pipeline no longer runs. A user with the role `ROLE_SYSTEM`
    may change every property. The owner of the property can remove the lock (property.lock.remove).

    Example:
        pipeline:
          - property.put: {path: global/app/demo/rates, value: {eur: 1.1}}
          - property.lock.put: {path: global/app/demo/rates, ttl: 60000}
          - body.set: "#{body.type}"
        # => "global"
    """
    lock = {"type": type, "ttl": ttl, "uuid": uuid, "name": name, "details": details}
    return await _lock(context, path, lock)


@command("property.lock.create", in_hub=True)
async def create(
    context: Context,
    path: Path,
    type: Annotated[LockType, Field(description="For whom the property stays open.")] = "user",  # noqa: A002
    ttl: Ttl = None,
    uuid: Uuid = None,
    name: Name = None,
    details: Details = None,
) -> LockRow | None:
    """The same as property.lock.put, but the property stays open for you, unless you say otherwise.

    Example:
        pipeline:
          - property.put: {path: global/app/demo/rates, value: {eur: 1.1}}
          - property.lock.create: {path: global/app/demo/rates}
          - property.value.put: {path: global/app/demo/rates, value: {eur: 1.2}}
          - property.value.get: {path: global/app/demo/rates}
        # => {"eur": 1.2}
    """
    return await put(context, path, type, ttl, uuid, name, details)


@command("property.lock.get", read_only=True, in_hub=True, shorthand="path")
async def get(context: Context, path: Path) -> Any:
    """Get a property's lock, or null if it has none.

    Example:
        pipeline:
          - property.put: {path: global/app/demo/rates, value: {eur: 1.1}}
          - property.lock.get: {path: global/app/demo/rates}
        # => null
    """
    return (await context.hub.get_property(path))["lock"] or NULL


@command("property.lock.remove", in_hub=True, shorthand="path")
async def remove(context: Context, path: Path) -> None:
    """Remove a property's lock, if it has one; that takes it out of the trash bin, too. The body stays as it is.

    Example:
        pipeline:
          - property.put: {path: global/app/demo/rates, value: {eur: 1.1}}
          - property.schema.delete: {path: global/app/demo/rates, trashBin: true}
          - property.lock.remove: {path: global/app/demo/rates}
          - property.keys: {pattern: "global/app/demo/*"}
        # => ["/pipeforce/default/global/app/demo/rates"]
    """
    await _lock(context, path, None)


async def _lock(context: Context, path: str, lock: dict[str, Any] | None) -> LockRow | None:
    await context.hub.get_property(path)  # a lock creates no property
    saved = await context.hub.put_property(path, {"lock": lock}, **as_data(context, context.says("path")))
    return saved["property"]["lock"]
