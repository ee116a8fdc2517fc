"""A stored secret goes only to a host that the pipeline's author has written, whatever a sender puts into an event."""

from __future__ import annotations

from typing import Any

import pytest

from pfnb.exceptions import AccessDeniedError, ParameterError
from tests.commands.conftest import logged, registry, run
from tests.commands.conftest import real_hub as hub

__all__ = ["hub", "logged", "registry", "run"]

PUT = "pipeline:\n  - secret.put: {name: partner, format: bearer, secret: an-unlikely-word}\n"


def calling(url: str, secret: str = "secret: partner") -> str:
    return f'pipeline:\n  - http.get: {{url: "{url}", {secret}}}\n'


@pytest.mark.parametrize(
    ("url", "brought"),
    [
        ("https://api.example.org#{body.payload}", "@evil.example.org/"),
        ("https://api.example.org#{body.payload}", ".evil.example.org/"),
        ("#{body.payload}", "https://evil.example.org/"),
        ("https://#{body.payload}/orders", "evil.example.org"),
        ("https://ada@#{body.payload}/orders", "evil.example.org"),
    ],
)
@pytest.mark.parametrize("secret", ["secret: partner", "bearer: $uri:secret:partner"])
async def test_an_event_cannot_choose_the_host(run: Any, url: str, brought: str, secret: str) -> None:
    await run(PUT)
    with pytest.raises(ParameterError, match="only to a host that is written in the pipeline"):
        await run(calling(url, secret), event={"payload": brought})


async def test_an_event_can_choose_the_path(run: Any) -> None:
    await run(PUT)
    with pytest.raises(AccessDeniedError, match=r"127\.0\.0\.1"):  # it gets as far as the check of the target
        await run(calling("http://127.0.0.1:9/#{body.payload}"), event={"payload": "//evil.example.org/@x"})


async def test_without_an_event_nobody_else_has_written_the_address(run: Any) -> None:
    await run(PUT)
    with pytest.raises(AccessDeniedError, match=r"127\.0\.0\.1"):
        await run(calling("#{body}"), body="http://127.0.0.1:9/")
