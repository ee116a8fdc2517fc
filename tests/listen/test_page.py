"""What docs/listen.md shows is what happens, but for ports, ids and times."""

from __future__ import annotations

import asyncio
import re
import shutil
from pathlib import Path

import pytest

from tests.listen.conftest import Listen, Program
from tests.reference.pages import DOCS

PAGE = (DOCS / "listen.md").read_text()
SHOWN = re.compile(
    r"^```console\n\$ pfnb (listen.*)\n((?:.*\n)*?)```\n\n.*\n\n```console\n((?:.*\n)*?)```", re.MULTILINE
)
EXAMPLES = SHOWN.findall(PAGE)
ALIKE = (
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID"),
    (r"127\.0\.0\.1:\d+", "HOST"),
    (r"\d\d:\d\d:\d\dZ", "TIME"),
    (r"[\d.]+ ms", "MS"),
    (r"\d{3} B", "SIZE"),  # of a form, whose boundary is curl's
    (r'"traceId":"[^"]*","created":\d+', "TRACE"),
)


def normal(text: str) -> str:
    for pattern, word in ALIKE:
        text = re.sub(pattern, word, text)
    return text


def test_the_page_has_its_examples() -> None:
    assert len(EXAMPLES) == PAGE.count("```console\n$ curl") == 2


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page uses curl")
@pytest.mark.parametrize(("words", "output", "calls"), EXAMPLES)
async def test_an_example_shows_what_the_page_says(
    listen: Listen, program: Program, tmp_path: Path, words: str, output: str, calls: str
) -> None:
    program.answers = [(201, {}, b"")]
    (tmp_path / "invoice.txt").write_text("thank you")
    words = words.replace("http://127.0.0.1:3000", program.url)
    async with listen(*words.split()[1:]) as listening:
        seen = await listening.until("Ctrl-C ends")
        url = next(line.strip() for line in seen.splitlines() if line.startswith("  http"))
        for call in re.split(r"^\$ ", calls, flags=re.MULTILINE)[1:]:
            command, _, answer = call.partition("\n")
            assert normal(await shell(command, url, tmp_path)).strip() == normal(answer).strip()
        lines = output.count("\n") - seen.count("\n") - 1
        seen = "\n".join([seen, *[await listening.line() for _ in range(lines)]])
    assert normal(seen) == normal(output.rstrip("\n"))


async def shell(command: str, url: str, folder: Path) -> str:
    process = await asyncio.create_subprocess_shell(
        command, stdout=asyncio.subprocess.PIPE, cwd=folder, env={"URL": url, "PATH": "/usr/bin:/bin"}
    )
    said, _ = await process.communicate()
    return said.decode()
