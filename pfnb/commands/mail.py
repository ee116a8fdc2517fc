"""Electronic mail."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from email import policy
from email.errors import HeaderDefect
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, getaddresses, make_msgid
from typing import Annotated, Any

from pydantic import Field

from pfnb.commands import command
from pfnb.commands.inputs import as_json, as_text, chosen
from pfnb.exceptions import ParameterError
from pfnb.language.content import genuine_id, read_decoded, without_codes
from pfnb.language.context import Context
from pfnb.language.extent import check_written, shown
from pfnb.language.media_types import OCTETS, media_type
from pfnb.language.offload import threaded
from pfnb.language.parameters import UNSET
from pfnb.language.pel.values import kind
from pfnb.outbound.mail import MailServer

MOST_RECIPIENTS = 100
MOST_BYTES = 25 * 1024 * 1024
"""Bytes of all attachments of a message, before they are encoded."""
_URI = re.compile(r"\$?uri:[a-z]+:", re.IGNORECASE)
_HTML = re.compile(r"\s*<(!doctype html|html|body|div|p|table|h[1-6]|span|a|img)\b", re.IGNORECASE)
_MESSAGE = re.compile(r"(?P<main>[a-z]+)/(?P<sub>[a-z0-9.+-]+)", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+")

Addresses = Annotated[
    Any,
    Field(description="Addresses: a list, or a text with commas, such as `Ada <ada@example.org>, bob@example.org`."),
]


@command("mail.send", aliases=("mail",))
async def send(
    body: Any,
    context: Context,
    to: Addresses,
    subject: Annotated[Any, Field(description="The subject.")] = "",
    message: Annotated[
        Any,
        Field(
            description="The text, or HTML; `$uri:property:PATH` is a stored one. Default: the body.",
            validation_alias="body",
        ),
    ] = UNSET,
    from_: Annotated[str | None, Field(description="The sender. Default: `PFNB_MAIL_FROM`.")] = None,
    from_name: Annotated[str | None, Field(description="The sender's name.")] = None,
    reply_to: Annotated[Any, Field(description="Where answers go. Default: to the sender.")] = None,
    cc: Annotated[Any, Field(description="Further recipients, whom all see.")] = None,
    bcc: Annotated[Any, Field(description="Further recipients, whom nobody sees.")] = None,
    attachments: Annotated[
        Any,
        Field(
            description="Files: content references, addresses written here such as `$uri:property:PATH`, or values, or a list."
        ),
    ] = None,
    model: Annotated[
        Any, Field(description="Variables for the message, which is then a FreeMarker template, as in `transform.ftl`.")
    ] = UNSET,
) -> None:
    """Send a mail. The body stays as it is.

    The mail server is the one of `PFNB_SMTP_URL`. A stored message (`$uri:property:…`) is a template, whose variables are those
    of `model`, else `vars`, `body` and `headers`. A message that begins with an HTML tag is sent as HTML.

    Example:
        pipeline:
          - mail.send: {to: "nobody", subject: Hello, message: "Hi!", onError: IGNORE}
          - body.set: "nobody is no address"
        # => "nobody is no address"
    """
    receivers = {"To": _addresses(to, "to"), "Cc": _addresses(cc, "cc"), "Bcc": _addresses(bcc, "bcc")}
    everybody = [one.addr_spec for some in receivers.values() for one in some]
    if not everybody:
        raise ParameterError("mail.send needs a recipient: give `to` an address such as ada@example.org")
    if len(everybody) > MOST_RECIPIENTS:
        raise ParameterError(f"a mail has at most {MOST_RECIPIENTS} recipients, not {len(everybody):,}: send several")
    server = MailServer.from_environment(os.environ)
    mail = EmailMessage(policy.SMTP)
    mail["From"] = _sender(from_ or server.sender, from_name)
    for name in ("To", "Cc"):
        if receivers[name]:
            mail[name] = receivers[name]
    if reply_to:
        mail["Reply-To"] = _addresses(reply_to, "replyTo")
    mail["Subject"] = _line(subject)
    mail["Date"] = formatdate()
    mail["Message-ID"] = make_msgid(domain=mail["From"].addresses[0].domain)
    is_written = "attachments" not in context.computed
    text = await _text(chosen(message, body), model, context)
    files = [one async for one in _files(attachments, context, is_written=is_written)]
    await threaded(lambda: _fill(mail, text, files))
    refused = await server.send(mail, everybody)
    if refused:
        context.log("WARN", f"the mail server took the mail, but not for {', '.join(refused)}")


def _addresses(value: Any, name: str) -> list[Address]:
    """The addresses of a list or a text with commas. Raises ParameterError for anything else."""
    if value is None or value == "":
        return []
    texts = value if isinstance(value, list) else [value]
    if not all(isinstance(text, str) for text in texts):
        raise ParameterError(f"{name} must be an address, or a list of them, not {shown(value)}")
    found = []
    for text in texts:
        if "\n" in text or "\r" in text:
            raise ParameterError(f"{name} must be addresses in one line, not {shown(text)}")
        for label, address in getaddresses([text]):
            if not _ADDRESS.fullmatch(address):
                raise ParameterError(f"{name} must be an address such as ada@example.org, not {shown(text)}")
            found.append(_address(address, label))
    return found


def _address(address: str, label: str) -> Address:
    user, _, domain = address.rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
        user.encode("ascii")
        return Address(label, user, ascii_domain)
    except (UnicodeError, HeaderDefect, ValueError):
        raise ParameterError(
            f"{shown(address)} cannot be written to: only its domain may have letters beyond ASCII"
        ) from None


def _sender(text: str, name: str | None) -> Address:
    found = _addresses(text, "from")
    if len(found) != 1:
        raise ParameterError("mail.send needs one sender: give `from`, or set PFNB_MAIL_FROM")
    one = found[0]
    return one if name is None else Address(_line(name), one.username, one.domain)


def _line(value: Any) -> str:
    """A value for a header, in one line: nobody can begin another header with it."""
    return " ".join(without_codes("" if value is None else str(value)).split())


async def _text(value: Any, model: Any, context: Context) -> str:
    """The text of the message, a template if it has a model or is a stored one."""
    is_stored = isinstance(value, dict) and "value" in value and context.is_address("message")
    source = value["value"] if is_stored else value
    if source is None:
        source = ""
    if not isinstance(source, str):
        if await genuine_id(source, context.hub) is not None:
            source = await as_text(source, context)
        else:
            check_written(source)
            source = json.dumps(source, ensure_ascii=False, indent=2)
    if model is UNSET and not is_stored:
        return without_codes(source)
    from pfnb.commands.formats.freemarker import to_jinja
    from pfnb.commands.formats.template import render

    data = dict(context.scope) if model is UNSET else await as_json(model, context, "the mail's model")
    if not isinstance(data, dict):
        raise ParameterError(f"the mail's model must be a map, not {kind(data)}")
    template = source
    return without_codes(await threaded(lambda: render(to_jinja(template), data)))


async def _files(value: Any, context: Context, *, is_written: bool) -> Any:
    """Name, type and bytes of each attachment. `is_written`: no expression has computed any of them."""
    left = MOST_BYTES
    for number, item in enumerate(_listed(value), 1):
        name, content_type, data = await _file(await _target(item, context, is_written=is_written), number, context)
        left -= len(data)
        if left < 0:
            raise ParameterError(
                f"the attachments of a mail have at most {MOST_BYTES // 1024 // 1024} MiB: send a link instead"
            )
        yield name, content_type, data


def _listed(value: Any) -> Iterable[Any]:
    if value is None or value == "":
        return []
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    if isinstance(value, dict) and isinstance(value.get("children"), list):
        return list(value["children"])
    return value if isinstance(value, list) else [value]


async def _target(item: Any, context: Context, *, is_written: bool) -> Any:
    """What a written address points to; any other value is itself. ParameterError for a computed address: a stranger may
    have sent it, to be sent what it names."""
    if not isinstance(item, str) or not _URI.match(item):
        return item
    if not is_written:
        raise ParameterError(
            f"attachments: {shown(item)} is not attached, since expressions have computed it or others beside it: write "
            "#{@resolve.uri('$uri:property:…')} for what an address names"
        )
    return await context.target_of(item)


async def _file(item: Any, number: int, context: Context) -> tuple[str, str, bytes]:
    content_id = await genuine_id(item, context.hub)
    if content_id is not None:
        data = await read_decoded(content_id, item, context.hub)
        return _line(item.get("name")) or f"file-{number}", str(item.get("contentType") or OCTETS), data
    if isinstance(item, dict) and "path" in item and "value" in item:
        name, kind_ = str(item["path"]).rpartition("/")[2], str(item.get("type") or "text/plain")
        return _line(name), media_type(kind_), without_codes(str(item["value"] or "")).encode()
    if isinstance(item, str):
        return f"file-{number}.txt", "text/plain", without_codes(item).encode()
    check_written(item)
    return f"file-{number}.json", "application/json", without_codes(json.dumps(item, ensure_ascii=False)).encode()


def _fill(mail: EmailMessage, text: str, files: list[tuple[str, str, bytes]]) -> None:
    mail.set_content(text, subtype="html" if _HTML.match(text) else "plain")
    for name, content_type, data in files:
        found = _MESSAGE.match(content_type)
        main, sub = (
            (found["main"], found["sub"])
            if found and found["main"].lower() not in ("multipart", "message")
            else ("application", "octet-stream")
        )
        mail.add_attachment(data, maintype=main, subtype=sub, filename=name)
