"""Python functions stored as properties: found by name (`app:script:function`) and run with limits."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any, Final, TypedDict

from pfnb.exceptions import AccessDeniedError, NotFoundError, ParameterError
from pfnb.language.content import genuine_id, read_decoded
from pfnb.language.context import Context
from pfnb.language.extent import check_written, shown
from pfnb.language.media_types import PYTHON_TYPE, is_python
from pfnb.language.plain import plain
from pfnb.language.port import User
from pfnb.language.roles import ADMIN, RUN, grants
from pfnb.rows.property import PropertyRow
from pfnb.workshop.scripts import Arguments, Script, call

DEFAULT: Final = "function"
"""The function that is called if none is named."""
WHO: Final = "PFNB_FUNCTIONS"
_APP = r"[A-Za-z0-9][\w-]*(?:\.[\w-]+)*"
_SCRIPT = r"[\w-]+(?:[./][\w-]+)*"
_NAME = re.compile(rf"(?P<app>{_APP}):(?P<script>{_SCRIPT})(?::(?P<function>[A-Za-z_]\w*))?", re.ASCII)
_OLDER = re.compile(rf"(?P<app>[\w-]+)\.(?P<script>{_SCRIPT})(?::(?P<function>[A-Za-z_]\w*))?", re.ASCII)
_KINDS = {str: "string", bool: "boolean", int: "number", float: "number", dict: "object", list: "array"}


class FunctionResult(TypedDict):
    """What a function returned; `valueType` as in JSON Schema, null for null."""

    status: str
    statusCode: int
    valueType: str | None
    value: Any


@dataclass(frozen=True, slots=True)
class FunctionName:
    app: str
    script: str
    function: str = DEFAULT

    @property
    def path(self) -> str:
        """The path of the property with the script."""
        return f"global/app/{self.app}/function/{self.script.replace('.', '/')}"

    def __str__(self) -> str:
        return f"{self.app}:{self.script}"


def names_of(text: str) -> list[FunctionName]:
    """What a name may mean, the likeliest first: `app:script:function`, or the older `app.script:function`. ParameterError if
    it is neither."""
    found = [one for one in (_NAME.fullmatch(text), _OLDER.fullmatch(text)) if one is not None]
    if not found:
        raise ParameterError(f"a function is named as app:script or app:script:function, not {shown(text)}")
    return [FunctionName(one["app"], one["script"], one["function"] or DEFAULT) for one in found]


def check_allowed(user: User) -> bool:
    """Whether the system must confine this user's functions. Raises AccessDeniedError if the user may have none."""
    who = os.environ.get(WHO, "").strip().lower() or "admin"
    if who not in ("admin", "all", "off"):
        raise ParameterError(f"{WHO} must be admin, all or off, not {shown(who)}")
    if who == "off":
        raise AccessDeniedError(f"Python functions are switched off on this machine: {WHO} is off")
    is_admin = ADMIN in user.roles
    if who == "admin" and not is_admin:
        raise AccessDeniedError(
            f"{user.name} may not have Python functions, which run on the hub's machine: this needs the role {ADMIN}, or "
            f"{WHO}=all in the hub's environment"
        )
    return not is_admin


async def find(context: Context, text: str) -> tuple[FunctionName, PropertyRow]:
    """The stored script of this name. Raises ParameterError and NotFoundError."""
    names = names_of(text)
    for name in names:
        for path in (name.path, f"{name.path}.py"):
            try:
                found = await context.hub.get_property(path)
            except NotFoundError:
                continue
            if not is_python(found["type"]):
                raise ParameterError(
                    f"{path} is no function, since its type is {found['type']}: give it the type {PYTHON_TYPE}"
                )
            return name, found
    raise NotFoundError(f"there is no function {shown(text)}: store one at {names[0].path}, as function.put does")


async def run(context: Context, name: str, args: Any) -> FunctionResult:
    """Run a stored function as the run's user: `args` are a map (by name), a list (by position), or one text or file, which it
    gets as bytes. What it prints is logged."""
    if not grants(context.user.roles, f"{RUN}function.run"):
        await context.refused("function.run", f"{RUN}function.run")
        raise AccessDeniedError(
            f"{context.user.name} may not run functions: this needs the role {RUN}function.run; a pipeline that an event "
            f'starts needs "- iam.run.as: {{username: {context.owner.name}}}" before it'
        )
    must_confine = check_allowed(context.user)
    found, row = await find(context, name)
    arguments = await _arguments(context, args)
    source = row["value"] if row["value"] is not None else row["defaultValue"] or ""
    result = await call(Script(str(found), source), found.function, arguments, must_confine=must_confine)
    if result.printed.strip():
        context.log("INFO", f"{found}: {result.printed.rstrip()}")
    value = result.value
    return {"status": "ok", "statusCode": 200, "valueType": _KINDS.get(type(value)), "value": value}


async def _arguments(context: Context, args: Any) -> Arguments:
    content_id = await genuine_id(args, context.hub)
    if content_id is not None:
        return Arguments(data=await read_decoded(content_id, args, context.hub))
    check_written(args)
    args = plain(args, "args")
    if isinstance(args, (str, bytes)):
        return Arguments(data=args.encode() if isinstance(args, str) else args) if args else Arguments()
    if isinstance(args, dict):
        return Arguments(kwargs=args)
    if args is None or isinstance(args, list):
        return Arguments(args or ())
    raise ParameterError(f"args must be a map, a list, a text or a file, not {shown(args)}")
