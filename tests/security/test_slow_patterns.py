"""Short texts that took a pattern of the hub's own very long: everybody else waits meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import psutil
import pytest

from tests.security.served_hub import COMMAND, PIPELINE, client, hub, nobody, owner

__all__ = ["hub", "nobody", "owner"]  # fixtures
SECONDS = 2.5
"""Of the processor."""


@pytest.fixture(autouse=True)
def quick(hub: tuple[str, psutil.Process], nobody: httpx.Client) -> Iterator[None]:
    assert nobody.post(PIPELINE, content="pipeline:\n  - body.set: 1\n").text == "1"  # what runs it has begun
    before = _used(hub[1])
    yield
    assert _used(hub[1]) - before < SECONDS


def _used(process: psutil.Process) -> float:
    return float(sum(one.cpu_times().user for one in (process, *process.children(recursive=True))))


def test_a_type_with_many_parameters_is_refused_at_once(hub: tuple[str, psutil.Process], owner: httpx.Client) -> None:
    owner.post(COMMAND + "iam.user.create", params={"username": "keeper", "roleNames": "CAN_PIPE_property.put"})
    token = owner.post(COMMAND + "iam.apitoken", params={"username": "keeper"}).text
    fields = {"path": "global/app/demo/x", "value": "", "type": "a/b" + ';a="b"' * 24 + " x"}
    with client(hub[0], token) as keeper:
        answer = keeper.post(COMMAND + "property.put", data=fields)
        assert (answer.status_code, answer.json()["errorType"]) == (400, "ParameterError")
        # What the pattern is for.
        fields["type"] = 'application/yaml; a="x; y" ;b=c;'
        assert keeper.post(COMMAND + "property.put", data=fields).status_code == 200


@pytest.mark.parametrize("text", ["a?{}\nX", "a{}X"], ids=["in the last value", "after the name"])
def test_spaces_in_what_may_be_a_pipeline_in_a_line_take_no_time(text: str, nobody: httpx.Client) -> None:
    answer = nobody.post(PIPELINE, content=text.format(" " * 60_000))
    assert (answer.status_code, answer.json()["errorType"]) == (400, "PipelineSyntaxError")


@pytest.mark.parametrize(
    ("text", "opening"), [("${", "${"), ("<#--", "<#--"), ("<#a ", "<#a"), ("<#a '", "<#a"), ("${'", "${")]
)
def test_a_template_whose_parts_have_no_end_is_read_once(text: str, opening: str, nobody: httpx.Client) -> None:
    step = {"transform.ftl": {"template": text * 10_000, "model": {"a": 1}}}
    answer = nobody.post(PIPELINE, content=json.dumps({"pipeline": [step]}))
    assert answer.json()["statusMessage"].endswith(f"line 1: {opening} is not closed"), answer.text


@pytest.mark.parametrize("text", ["{{a}}", "{%set a=1%}"])
def test_a_template_of_many_words_is_refused_before_it_is_compiled(text: str, nobody: httpx.Client) -> None:
    step = {"transform.template": {"template": text * 40_000, "model": {"a": 1}}}
    answer = nobody.post(PIPELINE, content=json.dumps({"pipeline": [step]}))
    assert "this step takes too long" in answer.json()["statusMessage"], answer.text[:300]


def test_what_was_meant_is_looked_for_of_few_unknown_commands(nobody: httpx.Client) -> None:
    answer = nobody.post(PIPELINE, content="pipeline:\n" + "- webhook.pu:\n" * 2_000)
    assert answer.json()["errorType"] == "UnknownCommandError"
    assert answer.json()["statusMessage"].count("did you mean") == 20
