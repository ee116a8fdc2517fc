"""The calls that may come over a session: those of a kernel, and those of one of the hub's own workers."""

from __future__ import annotations

from functools import partial
from typing import Any

from pfnb.exceptions import AccessDeniedError
from pfnb.http.ports import Methods, Ports, called, finish_deliveries
from pfnb.http.protocol import OF_KERNELS
from pfnb.http.site import Site
from pfnb.http.wire import AS_USER, OWNER, RUN
from pfnb.hub.access import NOWHERE
from pfnb.hub.dispatch.feed import Worker
from pfnb.hub.kernel_access import KernelAccess
from pfnb.hub.origin import Origin
from pfnb.hub.workers.callers import Answer
from pfnb.language.checked import Checked

FINISH = "finish_deliveries"


class KernelCalls:
    """The calls of one kernel. `since` as for KernelAccess."""

    def __init__(
        self, site: Site, worker: Worker, owner: str, notebook: str, *, since: int | None, origin: Origin = NOWHERE
    ) -> None:
        self._owner = owner
        kernel = KernelAccess(site.hub, worker, owner, notebook, since)
        self.since = kernel.since
        self._own: Methods = {name: Checked(name, getattr(kernel, name)) for name in OF_KERNELS if name != FINISH}
        self._own[FINISH] = Checked(FINISH, partial(finish_deliveries, site.hub))
        self._port = Ports(site, origin)

    async def run(self, method: str, arguments: dict[str, Any], data: bytes = b"") -> Any:
        """Call by name; `data` is the content for a method that takes one. ParameterError for an unknown name or arguments."""
        if method in self._own and AS_USER not in arguments:
            return await called(self._own, method, arguments, data)
        arguments = dict(arguments)
        methods = {**self._port.of(self._owner, arguments.pop(AS_USER, self._owner)), **self._own}
        return await called(methods, method, arguments, data)


class WorkerCalls:
    """The calls of one worker. It acts only for the owners of the stored pipelines that it serves, and for the callers whose runs
    it has; each call says for whom."""

    def __init__(self, site: Site, worker: Worker, origin: Origin) -> None:
        self._hub = site.hub
        self._callers = site.hub.workers.callers
        self._worker = worker
        self._port = Ports(site, origin)
        self._own: Methods = {
            FINISH: Checked(FINISH, partial(finish_deliveries, site.hub)),
            "answer_run": Checked("answer_run", self._answer_run),
        }

    async def run(self, method: str, arguments: dict[str, Any], data: bytes = b"") -> Any:
        arguments = dict(arguments)
        if method in self._own:
            return await called(self._own, method, arguments, data)
        return await called(self._methods(arguments), method, arguments, data)

    def _methods(self, arguments: dict[str, Any]) -> Methods:
        """The methods of the user that the arguments name; removes those names from the arguments."""
        number, owner, name = (arguments.pop(key, None) for key in (RUN, OWNER, AS_USER))
        if number is not None:
            run = self._callers.find(self._worker, number)
            self._hub.users.tokens.check(run.origin)
            if self._hub.users.uuid_of(run.user.name) != run.uuid:
                raise AccessDeniedError(f"the user {run.user.name} was deleted")
            return self._port.of_user(run.user, run.origin, run.user.name if name is None else name)
        if not self._hub.dispatcher.serves(self._worker, owner):
            raise AccessDeniedError("the worker may act only for owners of the stored pipelines that it serves")
        return self._port.of(owner, owner if name is None else name)

    async def _answer_run(
        self, run: int, status: int, headers: dict[str, str | list[str]], data: bytes, content: str | None = None
    ) -> None:
        answer = self._callers.find(self._worker, run).answer
        if not answer.done():
            answer.set_result(Answer(status, headers, data, content))
