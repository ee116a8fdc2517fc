"""Listeners of a notebook whose results, prints and errors are far too large: each delivery ends once."""

from __future__ import annotations

import pytest

from tests.kernel.conftest import LiveKernel
from tests.kernel.test_on import ask, defined
from tests.kernel.test_output import board

DOUBLED = '- body.set: {value: ["#{body}","#{body}"]}\n'
PIPELINES = {
    "doubled 24 times": ("- body.set: [1]\n" + 24 * DOUBLED, "more than 40,000,000 characters"),
    "doubled 40 times": ("- body.set: [1]\n" + 40 * DOUBLED, "more than 40,000,000 characters"),
}
FUNCTIONS = {
    "3,000 deep": ("deep = []\n    for _ in range(3_000): deep = [deep]\n    return deep", "nested"),
    "300 MB": ("return 'x' * 300_000_000", "286 MiB, but a message"),
    "300 MB of bytes": ("return bytes(300_000_000)", "286 MiB, but a message"),
    "an error of 50 MB": ("raise ValueError('x' * 50_000_000)", "and 49,990,0"),
    "an error that prints 50 MB": ("print('y' * 50_000_000)\n    raise ValueError('x')", "ValueError: x"),
    "lines of 50 MB": ("print('y\\n' * 25_000_000)\n    raise ValueError('x')", "ValueError: x"),
}


def fails_once(kernel: LiveKernel, key: str, said: str) -> None:
    assert ask(kernel, key)["statusCode"] == 500
    kernel.ok(f"event = pfnb.wait({key!r})\n(run,) = event.deliveries")
    assert kernel.ok("print(run['status'], run['attempts'])").stdout == "failed 1\n"
    assert said in kernel.ok("print(run['error']['statusMessage'])").stdout


@pytest.mark.parametrize("kind", PIPELINES)
def test_a_pipeline_that_doubles_its_body_fails_once(shared: LiveKernel, kind: str) -> None:
    steps, said = PIPELINES[kind]
    name = f"doubles-{list(PIPELINES).index(kind)}"
    defined(shared, f"%%pipeline {name}\npipeline:\n- event.listen: {{key: {name}}}\n{steps}")
    fails_once(shared, name, said)


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_a_function_whose_end_is_too_large_fails_once_and_its_board_stays_small(shared: LiveKernel, kind: str) -> None:
    body, said = FUNCTIONS[kind]
    name = f"large{list(FUNCTIONS).index(kind)}"
    cell = defined(shared, f"@pfnb.on('{name}')\ndef {name}():\n    {body}")
    fails_once(shared, name, said)
    output = shared.until(cell, lambda output: "failed" in board(output))
    assert all(len(text) < 200_000 for update in output.updates for text in update.values())
