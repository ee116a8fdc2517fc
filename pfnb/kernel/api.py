"""The Python side of a notebook: what `pfnb.…` offers. Await `wait_for` and the functions whose names begin with `a`."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, TypeVar

from pfnb import commands, functions
from pfnb.client.event import Event
from pfnb.client.port import NoSession, session_port
from pfnb.commands.webhook_settings import SPELLINGS
from pfnb.hub.people.identity import default_owner
from pfnb.kernel.listening.python_listener import listening_pipeline
from pfnb.kernel.loop.sync_door import SyncDoor
from pfnb.kernel.notebook import current_notebook, loaded_notebook
from pfnb.kernel.objects import events as event_calls
from pfnb.kernel.objects import pipelines, webhooks
from pfnb.kernel.objects.event_list import EventList, Moment, each_event, event_filter
from pfnb.kernel.objects.pipelines import print_log
from pfnb.kernel.objects.webhooks import Webhook
from pfnb.language.plain import plain
from pfnb.language.port import HubPort, User
from pfnb.language.reading.parser import parse_pipeline
from pfnb.language.roles import EVERYTHING
from pfnb.language.run import RunResult
from pfnb.language.running.runner import Runner

F = TypeVar("F", bound=Callable[..., Any])


def webhook(key: str, payload_type: str | None = None, *, new: bool = False, **settings: Any) -> Webhook:
    """Your active webhook of this event key; created if there is none, or if `new`.

    `payload_type` is `base64`, `raw`, `outbound` or `ignore`; None keeps that of an existing webhook and makes a new one `raw`.
    `settings` are the others of `webhook.put`, such as `signature={"scheme": "github", "secret": os.environ["SECRET"]}`: this
    keeps a secret out of the notebook. HubUnreachableError before `%load_ext pfnb`; ParameterError if there are several of this
    key, or for a wrong setting.
    """
    __tracebackhide__ = True
    settings |= {} if payload_type is None else {"payload_type": payload_type}
    given = {"eventKey": key, **{SPELLINGS.get(name, name): value for name, value in settings.items()}}
    return webhooks.put(loaded_notebook(), given, new=new, defaults={"payloadType": "raw"})


def run(text: str, body: Any = None, vars: Mapping[str, Any] | None = None) -> RunResult:  # noqa: A002 - the language's word
    """Run a pipeline, given as YAML or JSON, as the notebook's user, and wait for its end.

    Call it from a cell, from another thread, or from a command of a running pipeline. It also works without `%load_ext pfnb`,
    as long as no step needs the hub. Raises the PfnbError that ended the run, with line, column and step.
    """
    __tracebackhide__ = True
    notebook = current_notebook()
    if notebook is not None:
        return notebook.run_sync(_run(notebook.runner, notebook.user, notebook.hub, text, body, vars))
    door = SyncDoor()
    door.start()
    try:
        runner = Runner(commands.registry, functions.registry, call_main=door.on_main)
        return door.run_sync(_run(runner, _nobody(), session_port(NoSession()), text, body, vars))
    finally:
        door.stop()


async def arun(text: str, body: Any = None, vars: Mapping[str, Any] | None = None) -> RunResult:  # noqa: A002
    """The same for a coroutine: `result = await pfnb.arun(…)`. The loop it is awaited on stays free."""
    __tracebackhide__ = True
    notebook = current_notebook()
    if notebook is not None:
        return await notebook.door.run(_run(notebook.runner, notebook.user, notebook.hub, text, body, vars))
    is_main = threading.current_thread() is threading.main_thread()
    runner = Runner(commands.registry, functions.registry, call_main=_call_here if is_main else None)
    return await _run(runner, _nobody(), session_port(NoSession()), text, body, vars)


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
    """Your events in the hub, newest first, read page by page as you iterate: `for event in pfnb.events("lead.*"): …`.

    `key` is a pattern, `status` that of any of their deliveries (`pending`, `running`, `succeeded`, `failed`, `dead`), `text`
    is searched for in the whole event, body included, and `webhook` is a uuid. `since` and `until` are times, or how long ago
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
    """The oldest event of this key (or pattern) since the session began that no wait has returned yet. Returns once this
    notebook's pipelines have handled it; WaitTimeoutError after `timeout` seconds."""
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
    """Declare a function as a command for pipelines; the function itself is unchanged.

    It may take `body`, `event`, `vars` and `headers` by name; its other parameters are the command's. Returning None keeps the
    body, and so does returning a `pfnb.Response`, which answers a caller that waits. Pipelines started by webhooks may run it
    unless `anonymous` is false. With `main` it runs on the kernel's main thread. Defining a name again replaces the command;
    NameTakenError for a built-in one.
    """
    return commands.command(name, aliases=aliases, anonymous=anonymous, main=main, shorthand=shorthand)


def on(
    pattern: str,
    *,
    name: str | None = None,
    filter: str | None = None,  # noqa: A002 - the word of event.listen
    concurrency: int = 1,
    main: bool = False,
    replace: bool = False,
    shared: bool = False,
    all_notebooks: bool = False,
    debounce: str | float | Mapping[str, Any] | None = None,
    batch: int | Mapping[str, Any] | None = None,
    headers: Mapping[str, Any] | None = None,
) -> Callable[[F], F]:
    """Declare a function as a listener for events whose key matches `pattern` (`*` is one word, `#` any number).

    The function may take `event` (an `Event`), `body`, `vars` and `headers` by name; it is itself unchanged. It runs in a
    thread. An `async def` runs on pfnb's loop and must not block it. With `main` it runs on the kernel's main thread, between
    cells. Its return value answers a caller that waits (`wait=true`): a `pfnb.Response` with its own status, headers
    and body, any other value in the webhook's usual form. What it prints or
    displays appears under the cell that defined it.

    `name` defaults to the function's own. Defining a name again replaces the listener; `replace` also takes the name from
    another notebook. `shared`: several kernels have this listener, and each event goes to one of them. A listener with a
    pattern does not get what your other notebooks fire (their webhooks and `event.send`) unless `all_notebooks` is true.
    `filter` is an expression over the event as `body`, such as `"body.payload.total > 100"`. Events come in order, one at a
    time; `concurrency` allows more at once. With `debounce="30s"` only the newest event comes, after 30 seconds without
    another one. With `batch=100` or `batch={"size": 100, "wait": "5s"}` several come in one call: `event.events` has them all.
    `headers` are those of a pipeline, such as `{"retry": {"times": 3}}`.

    HubUnreachableError before `%load_ext pfnb`; ParameterError if the function has other parameters without a default;
    NameTakenError.
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
            headers={"concurrency": concurrency, **_given(debounce=debounce, batch=batch), **(headers or {})},
        )
        hears = {"shared": shared, "all_notebooks": all_notebooks}
        pipelines.register(notebook, called, pipeline, replace=replace, is_function=True, **hears)
        return function

    return register


def _given(**headers: Any) -> dict[str, Any]:
    return {name: value for name, value in headers.items() if value is not None}


async def _run(
    runner: Runner, user: User, hub: HubPort, text: str, body: Any, variables: Mapping[str, Any] | None
) -> RunResult:
    pipeline = parse_pipeline(text, runner.registry)
    body, given = plain(body, "the body"), plain(dict(variables or {}), "vars")
    return await runner.run(pipeline, user=user, hub=hub, body=body, vars=given, log=print_log)


def _nobody() -> User:
    return User(default_owner(), EVERYTHING)


async def _call_here(function: Callable[[], Any]) -> Any:
    return function()
