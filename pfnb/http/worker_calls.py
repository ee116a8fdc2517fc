"""What the hub's own worker may ask of it."""

from __future__ import annotations

from functools import partial
from typing import Any

from pfnb.http.ports import Methods, Ports, called, finish_delivery
from pfnb.http.site import Site
from pfnb.http.wire import AS_USER, OWNER
from pfnb.language.checked import Checked


class WorkerCalls:
    """The calls of the hub's own worker. It acts for the owners of all stored pipelines, each call for the one that it names."""

    def __init__(self, site: Site) -> None:
        self._port = Ports(site)
        self._own: Methods = {"finish_delivery": Checked("finish_delivery", partial(finish_delivery, site.hub))}

    async def run(self, method: str, arguments: dict[str, Any], data: bytes = b"") -> Any:
        arguments = dict(arguments)
        owner = arguments.pop(OWNER, None)
        methods = self._own if owner is None else self._port.of(owner, arguments.pop(AS_USER, owner))
        return await called(methods, method, arguments, data)
