"""The command `pfnb listen`: finds or starts a hub, makes a webhook, and shows and passes on its requests until it is ended."""

from __future__ import annotations

import argparse
import asyncio
import json
import shlex
import sys
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from getpass import getpass
from typing import Any
from urllib.parse import urlsplit

from pfnb.client.discovery import HubAddress
from pfnb.client.following import follow
from pfnb.client.port import session_port
from pfnb.client.session import Session
from pfnb.display.visible import visible
from pfnb.exceptions import ParameterError
from pfnb.http.protocol import KernelPort
from pfnb.language.maps import folded
from pfnb.language.retry import Retry
from pfnb.language.topics import check_event_key
from pfnb.listen.answered import Answered
from pfnb.listen.listener import Answerer, Fixed, Listener
from pfnb.listen.place import place
from pfnb.listen.report import Report
from pfnb.listen.target import Target
from pfnb.pi.output import Output, harmless, note
from pfnb.pi.verbs import takes_map
from pfnb.rows.webhook import WebhookRow
from pfnb.server.serve import told_to_stop
from pfnb.server.tunnel import names_port

NAME = "pfnb listen"
"""The name of its sessions, in the place of a notebook's."""
DEFAULT_KEY = "webhook.listen"
FROM_INPUT = "-"
INTERRUPTED = 130
TIMEOUT = 30.0
RETRY_SECONDS = 1.0
_SAMPLE = '{"hello": "world"}'


@dataclass(frozen=True, slots=True)
class Plan:
    """What the command line asks for, checked. `settings` are the webhook's; `answerer`: who answers, if not the hub alone."""

    words: argparse.Namespace
    key: str
    settings: Mapping[str, Any]
    answerer: Answerer | None
    retry: Retry | None

    @classmethod
    def of(cls, words: argparse.Namespace) -> Plan:
        """ParameterError for words that do not fit."""
        key, settings = _key_and_settings(words.what)
        if words.forward is not None and (words.status is not None or words.body is not None):
            raise ParameterError("--forward gives the target's answer: leave out --status and --body")
        if words.forward is None and (words.retry or words.timeout is not None):
            raise ParameterError("--retry and --timeout are for --forward")
        if words.tunnel is not None and not names_port(words.tunnel):
            raise ParameterError("--tunnel: write {port} into the command, where the port belongs to which it leads")
        if words.preset is not None:
            settings["preset"] = words.preset
        if words.secret is not None:
            settings["secret"] = _asked_secret() if words.secret == FROM_INPUT else words.secret
        retry = Retry(words.retry, RETRY_SECONDS, 2) if words.retry else None
        return cls(words, key, settings, _answerer(words), retry)

    @property
    def waits(self) -> bool:
        """Whether the address asks the hub to let the sender wait for an answer."""
        return bool(self.words.wait or (self.answerer is not None and self.answerer.is_fixed))


def run(words: argparse.Namespace) -> int:
    """Exit status: 0, also after Ctrl-C; 1 if it failed; 2 for words that do not fit; 130 if it was ended before it had as many
    events as were asked for."""
    try:
        plan = Plan.of(words)
    except ParameterError as error:
        note(f"pfnb: {error.message}")
        return 2
    return asyncio.run(_run(plan))


async def _run(plan: Plan) -> int:
    stop = told_to_stop()
    async with Output(harmless(sys.stdout)) as out:
        report = Report(out, as_json=plan.words.json, wanted=plan.words.count)
        taken = asyncio.Event()
        await out.while_read(_listen(plan, report, taken.set), stop, report.reached, taken)
    if out.left.is_set():
        return 0
    note(f"pfnb: {report.summary}")
    if taken.is_set():
        note("pfnb: another pfnb listen passes these events on now")
        return 1
    return INTERRUPTED if plan.words.count is not None and not report.reached.is_set() else 0


async def _listen(plan: Plan, report: Report, on_taken: Callable[[], None]) -> None:
    words = plan.words
    listener = None
    if plan.answerer is not None:
        listener = Listener(plan.key, words.forward or "", plan.answerer, report, plan.retry, on_taken)

    def session_with(address: HubAddress) -> Session:
        session_id = str(uuid.uuid4())
        if listener is None:
            return Session(address, id=session_id, notebook=NAME)
        return Session(address, id=session_id, notebook=NAME, on_delivery=listener.take, on_revoked=listener.revoke)

    async with AsyncExitStack() as stack:
        found = await stack.enter_async_context(place(words, session_with))
        hub = session_port(found.session)
        webhook = await _webhook(hub, plan)
        url = _address(webhook, waits=plan.waits)
        if listener is not None:
            await listener.open(found.session)
            stack.push_async_callback(listener.close)  # only of what it has opened: the name might be another's
        await report.ready(plan.key, url, _greeting(plan, webhook, url, found.said))
        await _show(hub, plan.key, report, found.session.since, is_passed_on=listener is not None)


async def _show(hub: KernelPort, key: str, report: Report, since: int, *, is_passed_on: bool) -> None:
    """Show what arrives and what is refused. Events that are passed on are shown there."""
    async for news in follow(hub, {"key": key}, since):
        if news.problem is not None:
            note(f"pfnb: {visible(news.problem, one_line=True)}")
        if not is_passed_on:
            if news.missed:
                note(f"pfnb: too many events came at once; `pi events {key}` lists all of them")
            for row in filter(report.wants, news.events):
                await report.event(hub, row)
                report.ended()
        for refused_key, refused in news.refused:
            await report.refused(refused_key, refused)


async def _webhook(hub: KernelPort, plan: Plan) -> WebhookRow:
    """The user's active webhook of this event key, changed by the settings, or a new one. ParameterError if there are several."""
    given: dict[str, Any] = {"eventKey": plan.key, **plan.settings}
    if "uuid" not in given:
        own = [one for one in await hub.get_webhooks(event_key=plan.key) if one["active"]]
        if len(own) > 1:
            raise ParameterError(
                f"you have {len(own)} active webhooks of {plan.key}: say which by uuid=…, or choose another key"
            )
        if own and not plan.settings:
            return own[0]
        given |= {"uuid": own[0]["uuid"]} if own else {"payloadType": "raw", **given}
    return await hub.put_webhook(given)


def _key_and_settings(given: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """The event key, and settings of the webhook as `name=value`, or `name.key=value` for those that are maps."""
    pairs = [word.partition("=") for word in given if "=" in word]
    keys = [word for word in given if "=" not in word]
    if len(keys) > 1:
        raise ParameterError(f"pfnb listen takes one event key, not {' and '.join(keys)}")
    settings = folded([(name, value) for name, _, value in pairs], partial(takes_map, "webhook.put"))
    return check_event_key(keys[0] if keys else DEFAULT_KEY), settings


def _asked_secret() -> str:
    """The secret, typed by a person or piped in: other users of this machine can read the words of a command."""
    secret = getpass("Secret: ") if sys.stdin.isatty() else sys.stdin.readline()
    if not secret.strip():
        raise ParameterError("--secret -: there is no secret on standard input")
    return secret.strip()


def _answerer(words: argparse.Namespace) -> Answerer | None:
    if words.forward is not None:
        return Target(words.forward, TIMEOUT if words.timeout is None else words.timeout)
    if words.status is None and words.body is None:
        return None
    body, status = words.body or "", words.status or 200
    kind = "application/json" if _is_json(body) else "text/plain; charset=utf-8"
    return Fixed(Answered(status, {"content-type": kind} if body else {}, body.encode()))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _address(webhook: WebhookRow, *, waits: bool) -> str:
    url = webhook["webhookUrl"] if webhook["path"] else webhook["pathUrl"]
    return f"{url}{'&' if urlsplit(url).query else '?'}wait=true" if waits else url


def _greeting(plan: Plan, webhook: WebhookRow, url: str, place: str) -> list[str]:
    """What people read first. The address is shown in full: whoever sees the terminal may call it."""
    lines = [f"{plan.key} at {place}", "", f"  {url}", ""]
    if webhook["signature"] or webhook["auth"]:
        lines += ["Requests need the proof of their sender that its settings demand; others are refused.", ""]
    else:
        lines += [f"  curl -H 'Content-Type: application/json' -d '{_SAMPLE}' {shlex.quote(url)}", ""]
    lines += [f"Note: {said}" for said in (webhook.get("hint"), webhook.get("warning")) if said]
    if isinstance(plan.answerer, Target):
        lines.append(f"Requests are passed on to {plan.answerer.place}. Ctrl-C ends.")
    else:
        lines.append("Requests appear here. Ctrl-C ends.")
    return lines
