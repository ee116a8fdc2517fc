"""One user asks for much at once: another user's pipeline and the hub answer meanwhile."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from statistics import median

import httpx
import psutil
import pytest

from tests.security.served_hub import PIPELINE, Watch, hub, nobody, owner

__all__ = ["hub", "nobody", "owner"]  # fixtures

pytestmark = pytest.mark.alone

TEXT = "vars: {t: ''}\npipeline:\n  - set: {value: \"#{'x' * 2000000}\", output: vars.t}\n"
HEAVY = {
    "a function of texts": TEXT
    + "  - body.set: \"#{@data.integerList(1, 40).![@text.contains(#root.vars.t, 'xxxxxxxy')]}\"\n",
    "a schema": "pipeline:\n  - set: {value: '#{@data.integerList(1, 2500).![{a: #this}]}'}\n"
    "  - json.validate: {schema: {uniqueItems: true}}\n",
    "a template": "pipeline:\n  - transform.template: {template: '{% for a in range(600) %}{% for b in range(100) %}{{ a * b }}"
    "{% endfor %}{% endfor %}'}\n",
}


@pytest.mark.parametrize("at_once", [8, pytest.param(16, marks=pytest.mark.faults)])
@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in HEAVY.items()])
def test_a_user_who_asks_for_much_at_once_holds_up_nobody_else(
    text: str,
    at_once: int,
    nobody: httpx.Client,
    owner: httpx.Client,
    hub: tuple[str, psutil.Process],
) -> None:
    for is_last in (False, True):  # the first time, other programs of this machine may hold it up
        with Watch(owner, hub[1]) as watch, ThreadPoolExecutor(at_once) as senders:
            answers = list(senders.map(lambda _: nobody.post(PIPELINE, content=text), range(at_once)))
        assert {answer.status_code for answer in answers} <= {200, 400, 429, 503}, answers[0].text[:300]
        print(f"{len(watch.pipelines)}: {median(watch.pipelines):.3f} s, {max(watch.pipelines):.3f} s")
        print(f"healthz {median(watch.health):.3f} s, {max(watch.health):.3f} s", [a.status_code for a in answers])
        if is_last:
            assert median(watch.pipelines) < 0.5
            assert median(watch.health) < 0.2
        elif median(watch.pipelines) < 0.5 and median(watch.health) < 0.2:
            break
