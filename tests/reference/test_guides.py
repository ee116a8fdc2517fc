"""What the guide to pipelines shows, happens: each pipeline in it ends with the JSON below it."""

from __future__ import annotations

import json
import re

import pytest

from pfnb.commands import load
from pfnb.functions import load as load_functions
from pfnb.hub.access import HubAccess
from pfnb.language import Runner, parse_pipeline
from tests.commands.test_examples import ADA, hub
from tests.reference.pages import DOCS

__all__ = ["hub"]

TEXT = (DOCS / "pipelines.md").read_text()
SHOWN = re.compile(r"^```yaml\n(.*?)^```\n\n(?:ends with\n\n)?```json\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXAMPLES = SHOWN.findall(TEXT)


def test_every_pipeline_of_the_guide_has_its_result() -> None:
    assert len(EXAMPLES) == TEXT.count("```yaml\n") > 0


@pytest.mark.parametrize(("pipeline", "result"), EXAMPLES)
async def test_a_pipeline_of_the_guide_ends_as_it_says(hub: HubAccess, pipeline: str, result: str) -> None:
    registry = load()
    run = await Runner(registry, load_functions()).run(parse_pipeline(pipeline, registry), user=ADA, hub=hub)
    assert run.body == json.loads(result)
