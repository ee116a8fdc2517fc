"""Calls to other servers."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit

from pydantic import Field

from pfnb.commands import command
from pfnb.commands.headers import headers_of
from pfnb.commands.inputs import chosen
from pfnb.exceptions import ParameterError
from pfnb.language.command import as_result
from pfnb.language.content import genuine_id, genuine_ids, parsed_without_codes, without_codes
from pfnb.language.context import Context
from pfnb.language.extent import check_written
from pfnb.language.media_types import OCTETS
from pfnb.language.parameters import UNSET
from pfnb.outbound import Answer, Attempts, Content, FileContent, Targets, send

Headers = Annotated[Any, Field(description="Headers to send with it: a map, or a text such as `X-A: 1, X-B: 2`.")]


@command("webhook.send")
async def send_(
    body: Any,
    context: Context,
    url: Annotated[str, Field(description="The URL to call.", min_length=1)],
    message: Annotated[
        Any, Field(description="What to send: a value as JSON, a text, or files. Default: the body.")
    ] = UNSET,
    headers_: Headers = None,
    secret: Annotated[
        str | None, Field(description="A secret (whsec_…): signs the message as in Standard Webhooks.")
    ] = None,
    timeout: Annotated[float, Field(description="Seconds to wait for each answer.", gt=0, le=300)] = 30.0,  # noqa: ASYNC109
    retries: Annotated[int, Field(description="Maximum number of retries.", ge=0, le=10)] = 3,
) -> Any:
    """Send a message to another service's webhook; the response becomes the body.

    It is retried, with growing pauses or as `Retry-After` says, when the connection fails or the response is 429 or 5xx; any
    other response than 2xx is an error, redirects included. Content references are sent as their files, and a response that is
    neither JSON nor text becomes one. Private, local and link-local addresses are refused unless `PFNB_ALLOW_TARGETS` names
    them.

    Example:
        pipeline:
          - webhook.send:
              url: http://169.254.169.254/latest/meta-data
              message: {order: 1}
              onError: IGNORE
          - body.set: "that address is refused"
        # => "that address is refused"
    """
    answer = await send(
        Targets.from_environment(os.environ),
        without_codes(url),
        await content_for(chosen(message, body), context),
        headers=headers_of(headers_),
        secret=secret,
        attempts=Attempts(timeout=timeout, retries=retries),
    )
    return await body_of(answer, url, context)


async def body_of(answer: Answer, url: str, context: Context) -> Any:
    """A command's result for a response: JSON, a text, or else a content reference."""
    value = answer.value
    if not isinstance(value, bytes):
        return as_result(parsed_without_codes(value, answer.data))
    name = unquote(urlsplit(url).path).rpartition("/")[2] or "answer"
    return await context.hub.put_content(value, name=name, content_type=answer.content_type or OCTETS)


async def content_for(value: Any, context: Context) -> Content:
    """The content to send for a value: files for content references, JSON or text for anything else."""
    content_id = await genuine_id(value, context.hub)
    if content_id is not None:
        return Content(_type_of(value), await context.hub.read_content(content_id))
    given: Any = value.get("children") if isinstance(value, dict) else value
    ids = await genuine_ids(given, context.hub)
    if ids:
        files = [
            FileContent(
                without_codes(str(child.get("name") or "file")),
                _type_of(child),
                await context.hub.read_content(content_id),
                without_codes(str(child.get("field") or "file")),
            )
            for content_id, child in zip(ids, given, strict=True)
        ]
        fields = value.get("fields") or {} if isinstance(value, dict) else {}
        return Content.form(files, {without_codes(str(name)): _plain(field) for name, field in fields.items()})
    return message_of(value)


def message_of(value: Any) -> Content:
    """A value as JSON or text for other servers: the codes of content references are stripped."""
    check_written(value)
    content = Content.of(value)
    return replace(content, data=without_codes(content.data))


def _type_of(reference: dict[str, Any]) -> str:
    return without_codes(str(reference.get("contentType") or OCTETS))


def _plain(value: Any) -> str | list[str]:
    if isinstance(value, dict):
        raise ParameterError("a form field must be a text, or a list of texts")
    return [without_codes(str(item)) for item in value] if isinstance(value, list) else without_codes(str(value))
