"""The notebook and the call in the README do what the README says."""

from __future__ import annotations

import ast
import json
import os
import re
from pathlib import Path

import httpx

from tests.live.cells import run_cell
from tests.live.kernel import kernel

README = Path(__file__).parents[1] / "README.md"
ADDRESS = "%webhook url eventKey=webhook.lead.created --show"
BLOCK = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_readmes_notebook_answers_as_it_says(tmp_path: Path):
    blocks = BLOCK.findall(README.read_text())
    webhook, pipeline, wait, stored = (block for block in blocks if block.startswith("%"))
    call = next(block for block in blocks if "curl" in block)
    sent, answer = json.loads(re.search(r"-d '(.*?)'", call)[1]), json.loads(blocks[blocks.index(call) + 1])
    assert ADDRESS in README.read_text()
    assert call.rstrip().endswith('"$URL&wait=true"')
    with kernel(os.environ, tmp_path / "kernel.log") as (_, client):
        run_cell(client, webhook)
        run_cell(client, pipeline)
        url = ast.literal_eval(run_cell(client, ADDRESS)[0]["data"]["text/plain"])
        assert httpx.post(f"{url}&wait=true", json=sent, timeout=30, trust_env=False).json() == answer
        assert "succeeded" in run_cell(client, wait)[0]["data"]["text/plain"]
        run_cell(client, "%pipeline delete lead")
        run_cell(client, stored)
        thanked = httpx.post(f"{url}&wait=true", json=sent, timeout=30, trust_env=False).json()
        assert thanked["value"] == f"Thank you, {sent['name']}"
        run_cell(client, f"%pipeline delete {re.search(r'--save (.+)', stored)[1]}")
        run_cell(client, next(block for block in blocks if "@pfnb.on" in block))
        assert httpx.post(f"{url}&wait=true", json=sent, timeout=30, trust_env=False).json() == answer
        assert "succeeded" in run_cell(client, "%pipeline debug greet")[0]["data"]["text/plain"]
