"""Completion in a shell proposes verbs, commands, parameters, values and paths."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pfnb.pi.complete import candidates
from tests.pi.conftest import Pi

VERBS = ("command", "completion", "list")


def nobody() -> None:
    raise AssertionError("no hub is asked")


@pytest.mark.parametrize(
    ("line", "proposed"),
    [
        ("pi ", ["command ", "completion ", "list "]),
        ("pi comm", ["command "]),
        ("pi command webhook.ro", ["webhook.rotate "]),
        ("pi help command webhook.ro", ["webhook.rotate "]),
        ("pi command webhook.rotate uuid=x ", ["overlap="]),
        ("pi command webhook.put payloadType=ra", ["raw "]),
        ("pi command webhook.put active=", ["false ", "true "]),
        ("pi command webhook.put signature.sche", ["signature.scheme="]),
        ("pi command webhook.put auth.to", ["auth.token=", "auth.tolerance="]),
        ("pi command webhook.put eventKey.a", []),
        ("pi command nope ", []),
        ("pi --js", ["--json "]),
        ("pi completion ", ["bash ", "zsh "]),
    ],
)
def test_what_may_come_next_is_proposed(line: str, proposed: list[str]) -> None:
    assert candidates(line, VERBS, nobody) == proposed


async def test_paths_come_from_the_hub(pi: Pi, monkeypatch: pytest.MonkeyPatch) -> None:
    await pi("command", "property.put", "path=global/app/demo/a", "value=1")
    monkeypatch.setenv("COMP_LINE", "pi get glob")
    monkeypatch.setenv("COMP_POINT", "11")
    assert await pi("complete-line", "pi", "glob", "get") == "global/app/demo/a \n"


def test_bash_completes_with_what_pi_prints(tmp_path: Path) -> None:
    pi = tmp_path / "pi"
    pi.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pfnb.pi.main "$@"\n')
    pi.chmod(0o755)
    asked = 'eval "$(pi completion bash)"; complete -p pi; pi complete-line'
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "COMP_LINE": "pi command webhook.rot"}
    told = subprocess.run(["bash", "-c", asked], env=environment, capture_output=True, text=True, check=True).stdout
    assert told.splitlines() == ["complete -o default -o nospace -C 'pi complete-line' pi", "webhook.rotate "]
