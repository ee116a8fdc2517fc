"""The Python side of a notebook: what `pfnb.…` offers. What begins with an `a`, and `wait_for`, is awaited."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, TypeVar

from pfnb import commands, language
from pfnb.hub.identity import default_owner
from pfnb.kernel import events as event_calls
from pfnb.kernel import pipelines, webhooks
from pfnb.kernel.door import Door
from pfnb.kernel.event import Event
from pfnb.kernel.event_list import EventList, Moment, each_event, event_filter
from pfnb.kernel.handler import listening_pipeline
from pfnb.kernel.notebook import current_notebook, loaded_notebook
from pfnb.kernel.pipelines import print_log
from pfnb.kernel.port import NoSession, SessionPort
from pfnb.kernel.webhooks import Webhook
from pfnb.language.parser import parse_pipeline
from pfnb.language.port import HubPort, User
from pfnb.language.roles import EVERYTHING
from pfnb.language.run import RunResult
from pfnb.language.runner import Runner

F = TypeVar("F", bound=Callable[..., Any])


def webhook(key: str, payload_type: str | None = None, *, new: bool = False) -> Webhook:
    """Your active webhook of this event key, created if there is none, or if `new`.

    `payload_type` is `base64`, `raw`, `outbound` or `ignore`; None leaves that of an existing webhook as it is, and makes a new
    one `raw`. HubUnreachableError before `%load_ext pfnb`; ParameterError if
    there are several of this key.
    """
    __tracebackhide__ = True
    given = {"eventKey": key} if payload_type is None else {"eventKey": key, "payloadType": payload_type}
    return webhooks.put(loaded_notebook(), given, new=new, defaults={"payloadType": "raw"})


def run(text: str, body: Any = None, vars: Mapping[str, Any] | None = None) -> RunResult:  # noqa: A002 - the language's word
    """Run a pipeline, given as YAML or JSON, as the notebook's user, and wait for its end.

    May be called from a cell, from another thread, and from a command of a running pipeline. Without `%load_ext pfnb` it runs
    all the same, as long as no step needs the hub. Raises the PfnbError that ended the run, with line, column and step.
    """
    __tracebackhide__ = True
    notebook = current_notebook()
    if notebook is not None:
        return notebook.run_sync(_run(notebook.runner, notebook.user, notebook.hub, text, body, vars))
    door = Door()
    door.start()
    try:
        runner = Runner(commands.load(), call_main=door.on_main)
        return door.run_sync(_run(runner, _nobody(), SessionPort(NoSession()), text, body, vars))
    finally:
        door.stop()


async def arun(text: str, body: Any = None, vars: Mapping[str, Any] | None = None) -> RunResult:  # noqa: A002
    """The same for a coroutine: `result = await pfnb.arun(…)`. The loop it is awaited on stays free."""
    __tracebackhide__ = True
    notebook = current_notebook()
    if notebook is not None:
        return await notebook.door.run(_run(notebook.runner, notebook.user, notebook.hub, text, body, vars))
    is_main = threading.current_thread() is threading.main_thread()
    runner = Runner(commands.load(), call_main=_call_here if is_main else None)
    return await _run(runner, _nobody(), SessionPort(NoSession()), text, body, vars)


def events(
    key: str | None = None,
    *,
    status: str | None = None,
    text: str | None = None,
    webhook: str | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    limit: int | None = None,
) -> EventList:
    """Your events in the hub, newest first, read page by page as you go through them: `for event in pfnb.events("lead.*"): …`.

    `key` is a pattern, `status` that of any of their deliveries (`pending`, `running`, `succeeded`, `failed`, `dead`), `text`
    is looked for in all of an event, body included, and `webhook` is a uuid. `since` and `until` are times, or how long ago
    (`timedelta(hours=1)`). `.to_pandas()` makes a table of them. ParameterError for a filter the hub does not know.
    """
    __tracebackhide__ = True
    asked = event_filter(key=key, status=status, text=text, webhook=webhook, since=since, until=until)
    return EventList(loaded_notebook(), asked, limit)


def aevents(
    key: str | None = None,
    *,
    status: str | None = None,
    text: str | None = None,
    webhook: str | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    limit: int | None = None,
) -> AsyncIterator[Event]:
    """The same for a coroutine: `async for event in pfnb.aevents("lead.*"): …`."""
    asked = event_filter(key=key, status=status, text=text, webhook=webhook, since=since, until=until)
    return each_event(loaded_notebook(), asked, limit)


def wait(key: str, timeout: float = event_calls.WAIT_SECONDS) -> Event:
    """The oldest event of this key (or pattern) since the session began that no wait has returned, once this notebook's
    pipelines have worked on it. WaitTimeoutError after `timeout` seconds."""
    __tracebackhide__ = True
    return event_calls.wait(loaded_notebook(), key, timeout)


async def wait_for(key: str, timeout: float = event_calls.WAIT_SECONDS) -> Event:  # noqa: ASYNC109 - the same as wait's
    """The same for a coroutine: `event = await pfnb.wait_for("lead.created")`."""
    __tracebackhide__ = True
    notebook = loaded_notebook()
    return await notebook.door.run(event_calls.wait_for(notebook, key, timeout))


def command(
    name: str,
    *,
    aliases: tuple[str, ...] = (),
    anonymous: bool = True,
    main: bool = False,
    shorthand: str | None = None,
) -> Callable[[F], F]:
    """Declare a function as a command for pipelines; the function itself stays as it is.

    It takes any of `body`, `event`, `vars`, `headers` by name, its other parameters are the command's, and returning None keeps
    the body. Pipelines started by webhooks may run it unless `anonymous` is false. `main` has it called on the kernel's main
    thread. Defining a name again replaces it; NameTakenError for a built-in one.
    """
    commands.load()
    return language.command(name, aliases=aliases, anonymous=anonymous, main=main, shorthand=shorthand)


def on(
    pattern: str,
    *,
    name: str | None = None,
    filter: str | None = None,  # noqa: A002 - the word of event.listen
    concurrency: int = 1,
    main: bool = False,
    replace: bool = False,
    shared: bool = False,
    headers: Mapping[str, Any] | None = None,
) -> Callable[[F], F]:
    """Declare a function as a listener for events whose key matches `pattern` (`*` is one word, `#` any number).

    The function takes any of `event` (an `Event`), `body`, `vars` and `headers` by name, and stays as it is. It runs in a
    thread; an `async def` runs on pfnb's loop, and must not block it; with `main` it runs on the kernel's main thread, between
    cells. What it returns is the answer to a caller that waits (`wait=true`); returning None answers with the event. What it
    prints or displays stands under the cell that defined it.

    `name` is the function's own unless given; defining it again replaces it, and so does `replace` where another notebook has
    the name. `shared`: several kernels have it, and each event goes to one of them. `filter` is an expression over the event
    as `body`, such as `"body.payload.total > 100"`. Events come one at a time in their order, unless `concurrency` says how
    many at once. `headers` are those of a pipeline, such as `{"retry": {"times": 3}}`.

    HubUnreachableError before `%load_ext pfnb`; ParameterError for a function that wants anything else; NameTakenError.
    """
    __tracebackhide__ = True
    notebook = loaded_notebook()

    def register(function: F) -> F:
        __tracebackhide__ = True
        called = name or function.__name__
        pipeline = listening_pipeline(
            function,
            pattern,
            notebook.runner.registry,
            name=called,
            filter=filter,
            main=main,
            headers={"concurrency": concurrency, **(headers or {})},
        )
        pipelines.register(notebook, called, pipeline, replace=replace, shared=shared, is_function=True)
        return function

    return register


async def _run(
    runner: Runner, user: User, hub: HubPort, text: str, body: Any, variables: Mapping[str, Any] | None
) -> RunResult:
    pipeline = parse_pipeline(text, runner.registry)
    return await runner.run(pipeline, user=user, hub=hub, body=body, vars=variables, log=print_log)


def _nobody() -> User:
    return User(default_owner(), EVERYTHING)


async def _call_here(function: Callable[[], Any]) -> Any:
    return function()
