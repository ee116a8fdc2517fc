"""Pipelines of a user without any role: whatever they say, they end soon with an error, and nobody else notices."""

from __future__ import annotations

import time

import httpx
import psutil
import pytest

from tests.security.served_hub import PIPELINE, Watch, hub, nobody, owner

__all__ = ["hub", "nobody", "owner"]  # fixtures

LONGEST = 5
"""Seconds that an attack may take on a machine that has other work."""
SLOWEST = 0.25
"""Seconds that nine of ten calls of healthz and of somebody else's pipeline may take meanwhile."""
MOST_MEMORY = 200 * 1024 * 1024

DOUBLE = "  - eval: 'vars.a = {vars.a, vars.a}'\n"
SHARED = f"vars: {{a: [1], l: [], t: x}}\npipeline:\n{DOUBLE * 45}"
TWINS = f"vars: {{a: [1], b: [1]}}\npipeline:\n{(DOUBLE + DOUBLE.replace('.a', '.b')) * 45}"
RING = "vars: {a: {b: 1}}\npipeline:\n  - eval: 'vars.a.b = {vars.a}'\n"
ROWS = "vars: {r: [], e: []}\npipeline:\n  - set: {value: '#{@data.integerList(1, 3000)}', output: vars.r}\n"
TEXT = "vars: {l: [], t: ''}\npipeline:\n  - set: {value: \"#{'x' * 7900000}\", output: vars.t}\n"

ATTACKS = {
    "compared": TWINS + "  - body.set: '#{vars.a == vars.b}'\n",
    "compared as JSON": TWINS + "  - assert: {value: '#{vars.a}', equals: '#{vars.b}'}\n",
    "compared in a list": TWINS + "  - body.set: '#{{vars.a, 1}.contains(vars.b)}'\n",
    "printed": SHARED + "  - body.set: 'it is #{vars.a}'\n",
    "printed as Java does": SHARED + "  - body.set: '#{vars.a.toString()}'\n",
    "printed without a character": SHARED.replace("[1]", "[]") + "  - body.set: \"#{'' + vars.a}\"\n",
    "hashed": SHARED + "  - body.set: '#{vars.a.hashCode()}'\n",
    "digested": SHARED + "  - body.set: '#{@hash.sha256(vars.a)}'\n",
    "written as JSON": SHARED + "  - body.set: '#{@json.stringify(vars.a)}'\n",
    "written as XML": SHARED + "  - transform.json.xml: {input: '#{vars.a}'}\n",
    "logged": SHARED + "  - log: {message: '#{vars.a}'}\n",
    "logged with everything": SHARED + "  - log:\n",
    "answered": SHARED + "  - body.set: '#{vars.a}'\n",
    "answered as set": SHARED + "  - http.response.set: {body: '#{vars.a}'}\n",
    "in the record of a step": SHARED + "  - set: {value: {x: 1}, mapping: 'y: vars.a'}\n",
    "put aside": SHARED + "  - body.push: {value: '#{vars.a}'}\n  - body.peek:\n  - body.set: 1\n",
    "as headers": SHARED + "  - http.response.set: {headers: {X-A: '#{vars.a}'}}\n",
    "as a condition": SHARED + "  - body.set: {value: 1, if: '#{vars.a}'}\n",
    "where a text is wanted": SHARED + "  - datetime: {format: '#{vars.a}'}\n",
    "where a level is wanted": SHARED + "  - log: {message: hi, level: '#{vars.a}'}\n",
    "validated": SHARED + "  - json.validate: {input: '#{vars.a}', schema: {items: {items: true}, uniqueItems: true}}\n",
    "in a template": SHARED + "  - transform.template: {template: '{{ vars.a|tojson }}'}\n",
    "within itself": RING + "  - body.set: '#{vars.a}'\n",
    "within itself, printed": RING + "  - body.set: 'it is #{vars.a.b}'\n",
    "rows of rows of rows": ROWS + "  - body.set: '#{vars.r.![#root.vars.r.![#root.vars.r.![1 + 1]]]}'\n",
    "long work for each row": ROWS + f"  - body.set: '#{{vars.r.![#root.vars.r.![{' + '.join(['1'] * 9000)}]]}}'\n",
    "kept in a list": TEXT + "  - foreach: {in: '#{@data.integerList(1, 400)}'}\n"
    "  - eval: \"vars.l.add(vars.t + vars.loop.index)\"\n  - foreach.end:\n",
    "kept by one command": TEXT
    + "  - data.list.iterate: {listA: '#{@data.integerList(1, 400)}', do: 'vars.l.add(vars.t + itemA)'}\n",
    "compared without case": TEXT + "  - body.set: '#{vars.t.equalsIgnoreCase(vars.t) && vars.t.equalsIgnoreCase(vars.t)}'\n",
    "sorted": "vars: {l: []}\npipeline:\n  - eval: 'vars.l.addAll(@data.integerList(1, 800000))'\n  - eval: vars.l.sort(null)\n",
}  # fmt: skip


@pytest.mark.alone
@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in ATTACKS.items()])
def test_it_ends_soon_with_an_error_and_nobody_else_waits(
    text: str,
    nobody: httpx.Client,
    owner: httpx.Client,
    hub: tuple[str, psutil.Process],
) -> None:
    for is_last in (False, True):  # the first time, other programs of this machine may hold it up
        taken, waited = attacked(text, nobody, owner, hub[1])
        if is_last:
            assert taken < LONGEST
            assert waited < SLOWEST
        elif taken < LONGEST and waited < SLOWEST:
            break


def attacked(text: str, attacker: httpx.Client, other: httpx.Client, process: psutil.Process) -> tuple[float, float]:
    """The seconds that the attack takes, and those that nine of ten calls of others take meanwhile at most."""
    with Watch(other, process) as watch:
        began = time.perf_counter()
        answer = attacker.post(PIPELINE, content=text)
        taken = time.perf_counter() - began
    assert 400 <= answer.status_code < 500, answer.text[:300]
    message = answer.json()["statusMessage"]
    assert message
    taken_by_others = sorted(watch.health + watch.pipelines)
    waited = taken_by_others[(len(taken_by_others) - 1) * 9 // 10]
    print(
        f"{taken:.2f} s, others {waited:.3f} s, at most {taken_by_others[-1]:.3f} s, {watch.memory >> 20} MB: {message[:90]}"
    )
    assert watch.memory < MOST_MEMORY
    return taken, waited
