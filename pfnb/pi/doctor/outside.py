"""Checks of the way from outside, made as a sender would: whether it leads to this hub, and what else it leads to."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from ipaddress import ip_address
from urllib.parse import urlsplit

from pfnb.exceptions import PfnbError
from pfnb.http.origin import is_open_to_listeners
from pfnb.language.sizes import size_text
from pfnb.pi.client import Client
from pfnb.pi.doctor.finding import Finding, ok, problem, warning
from pfnb.pi.doctor.probe import Answer, addresses_of, answer_to_head, ask, reason_of
from pfnb.rows.hub import HubStatus
from pfnb.rows.webhook import RefusedRow, WebhookRow

EVENT_KEY = "pfnb.doctor"
NOBODY = "192.0.2.1"
"""An address for documentation, which no sender has."""
ARRIVAL_SECONDS = 3.0
OLD_SECONDS = 600.0
"""How old a webhook of a doctor is that no longer runs."""
SOON = 14 * 24 * 3600.0
"""Seconds before a certificate's end from which it is a warning."""
CLOCK_SECONDS, CLOCK_TOO_FAR = 10.0, 120.0
"""Differences of clocks that are a warning, and a problem: signatures are valid for five minutes."""
_NO_INTERNET = "; if this machine has no internet, check it from another one"
_SEEN_AS = re.compile(r"The address was (\S+),")


def outside(hub: Client, status: HubStatus, webhooks: list[WebhookRow]) -> Iterator[Finding]:
    """All checks of the public address, the first ones first: if nothing arrives, the rest is left out. `webhooks` are those of
    the owner, whose addresses may be below the gateway."""
    url = status["publicUrl"]
    if not url:
        yield problem(
            "address",
            "webhooks are reachable from this machine only: the hub has no public address",
            "pfnb serve --tunnel cloudflared; or a proxy with https before the hub, and its address in PFNB_PUBLIC_URL or "
            "--public-url (docs/tunnels.md, docs/reverse-proxy.md)",
        )
        return
    yield _https(url)
    names = list(_names(url))
    yield from names
    if any(one.level == "problem" for one in names):
        return
    try:
        with _probe_of(hub, below_gateway=any(one["path"] for one in webhooks)) as probe:
            yield from _way_to(hub, probe, status)
    except PfnbError as error:
        yield problem("outside", f"no request can be tried: {error.message}", "use the token of the hub's owner")


def signatures(webhooks: list[WebhookRow]) -> Finding:
    """How many webhooks take requests from anybody who knows their address."""
    active = [one for one in webhooks if one["active"]]
    open_ones = [one for one in active if not (one["signature"] or one["auth"] or one["public"])]
    if not open_ones:
        return ok(
            "signatures",
            f"{len(active)} active webhooks, all of them check their senders or are meant to be public"
            if active
            else "no webhooks",
        )
    keys = ", ".join(dict.fromkeys(one["eventKey"] for one in open_ones[:3]))
    return warning(
        "signatures",
        f"{len(open_ones)} of {len(active)} active webhooks take requests from whoever knows their address, such as {keys}",
        "let the sender sign: webhook.put uuid=… preset=github signature.secret=…, or the like (docs/presets.md)",
    )


def _https(url: str) -> Finding:
    if is_open_to_listeners(url):
        return problem(
            "https",
            f"{url} is not https: others on the way can read addresses of webhooks and what is sent",
            "put a proxy with a certificate before the hub, such as Caddy, which gets one by itself (docs/reverse-proxy.md)",
        )
    return ok("https", f"{url} is {'https' if url.startswith('https:') else 'on this machine'}")


def _names(url: str) -> Iterator[Finding]:
    """What DNS knows of the host."""
    host = urlsplit(url).hostname or ""
    try:
        found = addresses_of(host)
    except OSError as error:
        yield problem("dns", f"{host} is not found ({reason_of(error)})", f"create it in the DNS{_NO_INTERNET}")
        return
    shown = ", ".join(found[:3])
    if not any(ip_address(one.partition("%")[0]).is_global for one in found):
        yield warning(
            "dns", f"{host} is {shown}, which only your own network reaches", "give it a public address in the DNS"
        )
    else:
        yield ok("dns", f"{host} is {shown}")


@contextmanager
def _probe_of(hub: Client, *, below_gateway: bool) -> Iterator[WebhookRow]:
    """A webhook that admits nobody, for as long as the block runs: what is sent to it arrives, and becomes no event."""
    fields = {"eventKey": EVENT_KEY, "allow": NOBODY}
    if below_gateway:
        fields |= {"path": f"pfnb-doctor-{secrets.token_hex(4)}", "public": "true"}
    made: WebhookRow = hub.command("webhook.put", fields).value
    try:
        yield made
    finally:
        hub.command("webhook.delete", {"uuid": made["uuid"]})


def _remove_left_over(hub: Client) -> None:
    """Delete what a killed doctor has left."""
    old = (time.time() - OLD_SECONDS) * 1000
    for one in hub.command("webhook.get", {"eventKey": EVENT_KEY}).value:
        if one["created"] < old:
            hub.command("webhook.delete", {"uuid": one["uuid"]})


def _way_to(hub: Client, probe: WebhookRow, status: HubStatus) -> Iterator[Finding]:
    for url in _urls(probe):
        try:
            answer = ask("POST", url, {"Content-Type": "application/json"}, b"{}")
        except (OSError, HTTPException) as error:
            yield problem("outside", f"{_host(url)} does not answer: {reason_of(error)}", _mend_for(error))
            return
        seen = _seen(hub, probe)
        if seen is None:
            yield _lost(url, answer)
            return
        yield ok("outside", f"a request to {_shown(url)} arrives at this hub")
        addresses = senders(seen)
    yield from certificate(answer)
    yield from addresses
    yield from clock(answer)
    yield _paths(status["publicUrl"] or "")
    yield from _browsers(url)
    yield _size(url, status["maxPayload"])


def _urls(probe: WebhookRow) -> list[str]:
    """The forms of a webhook's address, which have different paths."""
    return [probe["webhookUrl"], probe["pathUrl"]]


def _shown(url: str) -> str:
    """A webhook's address without its secret."""
    return re.sub(r"[0-9a-f-]{36}", "…", url.partition("?")[0])


def _host(url: str) -> str:
    return urlsplit(url).netloc


def _mend_for(error: OSError | HTTPException) -> str:
    if "certificate" in reason_of(error):
        return "get a certificate that senders trust: Caddy gets one by itself, certbot gets one for nginx"
    return f"start the proxy or tunnel, and open its port in firewall and router{_NO_INTERNET}"


def _seen(hub: Client, probe: WebhookRow) -> RefusedRow | None:
    """The request as the hub has seen it, which comes a moment after its answer; None if it has not."""
    end = time.monotonic() + ARRIVAL_SECONDS
    while True:
        rows: list[RefusedRow] = hub.command(
            "webhook.receive.logs", {"uuid": probe["uuid"], "refused": "true", "limit": 1}
        ).value
        if rows or time.monotonic() > end:
            return rows[0] if rows else None
        time.sleep(0.1)


def _lost(url: str, answer: Answer) -> Finding:
    if 300 <= answer.status < 400:
        return problem(
            "outside",
            f"{_host(url)} redirects ({answer.status}) to {answer.headers.get('location', '')[:200]}, and senders do not follow",
            "use the address that it redirects to as the public address",
        )
    return problem(
        "outside",
        f"{_shown(url)} answers {answer.status}, but nothing arrives at this hub",
        "let the proxy or tunnel lead to this hub and keep the path unchanged (docs/reverse-proxy.md)",
    )


def certificate(answer: Answer) -> Iterator[Finding]:
    if answer.not_after is None:
        return
    days = (answer.not_after - time.time()) / 86400
    what = f"the certificate is valid for {days:.0f} more days"
    if days * 86400 < SOON:
        yield warning("certificate", what, "renew it, and see why it is not renewed by itself")
    else:
        yield ok("certificate", what)


def senders(seen: RefusedRow) -> Iterator[Finding]:
    """Behind a proxy that the hub does not know, all senders have the proxy's address."""
    found = _SEEN_AS.match(seen["reason"])
    if found is None:
        return
    try:
        is_local = ip_address(found[1]).is_loopback
    except ValueError:
        return
    if is_local:
        yield warning(
            "senders",
            f"senders from outside have the address {found[1]}: they share one limit, and `allow` cannot tell them apart",
            "name the proxy: --trusted-proxies 127.0.0.1, in a Jupyter Server --ServerApp.trust_xheaders=True",
        )
    else:
        yield ok("senders", f"the hub sees the address of senders; that of this machine is {found[1]}")


def clock(answer: Answer) -> Iterator[Finding]:
    try:
        there = parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except (TypeError, ValueError):
        return
    difference = abs(there - answer.asked_at)
    what = f"the clock differs by {difference:.0f} s from that of the public address"
    if difference <= CLOCK_SECONDS:
        yield ok("clock", what)
    else:
        mend = "synchronize this machine's clock, for example: timedatectl set-ntp true"
        yield (problem if difference > CLOCK_TOO_FAR else warning)("clock", what, mend)


def _paths(url: str) -> Finding:
    """The API needs a token, but nobody outside needs the API."""
    try:
        answer = ask("POST", f"{url}/api/v3/command/iam.authinfo")
    except (OSError, HTTPException):
        return ok("paths", "only webhooks answer from outside")
    if answer.status not in (401, 403) or not _is_of_a_hub(answer):
        return ok("paths", "only webhooks answer from outside, not the hub's commands")
    return warning(
        "paths",
        "the hub's commands answer from outside, too: only their token or login protects them",
        "let the proxy forward receiving only (docs/reverse-proxy.md), or let it lead to the port of --receive-port",
    )


def _is_of_a_hub(answer: Answer) -> bool:
    try:
        told = json.loads(answer.body)
    except ValueError:
        return False
    return isinstance(told, dict) and "traceId" in told


def _browsers(url: str) -> Iterator[Finding]:
    headers = {"Origin": "https://pfnb-doctor.example.org", "Access-Control-Request-Method": "POST"}
    try:
        answer = ask("OPTIONS", url, headers)
    except (OSError, HTTPException) as error:
        yield warning("browsers", f"OPTIONS is not answered: {reason_of(error)}", "let the proxy forward OPTIONS")
        return
    if answer.status < 300 and "access-control-allow-origin" in answer.headers:
        yield ok("browsers", "pages of other sites may send to webhooks")
    else:
        yield warning(
            "browsers",
            f"pages of other sites cannot send JSON to webhooks: OPTIONS is answered with {answer.status}",
            "let the proxy forward OPTIONS and its answer's headers; senders that are no browsers do not need it",
        )


def _size(url: str, limit: int) -> Finding:
    shown = size_text(limit)
    try:
        status = answer_to_head(url, limit)
    except (OSError, HTTPException) as error:
        return warning("size", f"a body of {shown} is not answered: {reason_of(error)}", "see the proxy's log")
    if status == 413:
        return problem(
            "size",
            f"the proxy refuses bodies that the hub takes, up to {shown}",
            f"raise its limit: in nginx client_max_body_size {-(-limit // 1024**2)}m",
        )
    if status == 100:
        return ok("size", f"bodies of up to {shown}, the hub's limit, are let through")
    return warning("size", f"a body of {shown} is answered with {status or 'nothing'}", "see the proxy's log")
