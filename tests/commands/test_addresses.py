"""`resolve`, `vars`, and `webhook.receive`: small commands over what the run and the hub have."""

from base64 import b64decode

import pytest

from pfnb.exceptions import NotFoundError, ParameterError, PelError, PipelineSyntaxError, RunLimitError
from pfnb.hub.causation import MAX_CHAIN, caused_by
from pfnb.hub.records.event import Event
from tests.commands.conftest import real_hub as hub

__all__ = ["hub"]

STORED = """
pipeline:
  - property.put: {path: global/app/demo/config/app, value: {title: Demo}, type: application/json, output: vars.put}
"""


@pytest.mark.parametrize(
    ("address", "result"),
    [
        ("'$uri:property:global/app/demo/config/app#title'", "Demo"),
        ("'uri:property:global/app/demo/missing'", None),
        ("'$uri:command:body.set?value=ran'", "ran"),
        ("'$uri:#{\"user:ada\"}'", {"username": "ada"}),
    ],
)
async def test_resolve_puts_the_target_of_an_address_into_the_body(run, address, result):
    body = (await run(f"{STORED}  - resolve: {{uri: {address}}}", body="before")).body
    assert {"username": body["username"]} == result if isinstance(result, dict) else body == result


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("nothing", "is not an address"),
        ("$uri:ftp:x", "unknown address"),
        (7, "must be an address"),
        ("$uri:property:global/app/demo/config/app#title", "never evaluated"),
        ("$uri:command:body.set?value=ran", "pipeline"),
    ],
)
async def test_a_computed_address_only_names_something(run, address, says):
    with pytest.raises((ParameterError, PelError, NotFoundError, PipelineSyntaxError), match=says):
        await run(f"{STORED}  - resolve: {{uri: '#{{body}}'}}", body=address)


async def test_vars_are_set_in_their_order(run):
    text = """
    vars: {a: 1}
    pipeline:
      - vars: {set: {a: 2, b: "#{vars.a * 10}", c: {d: ["#{vars.b + 1}"]}}}
      - body.set: "#{vars}"
    """
    assert (await run(text)).body == {"a": 2, "b": 20, "c": {"d": [21]}}


@pytest.mark.parametrize("given", ["[{a: 1}, {a: '#{vars.a + 1}'}]", "'#{body}'"])
async def test_vars_also_come_as_a_list_or_computed(run, given):
    text = f"pipeline: [{{vars: {{set: {given}}}}}, {{body.set: '#{{vars.a}}'}}]"
    assert (await run(text, body={"a": 2})).body == 2


@pytest.mark.parametrize("given", ["'#{body}'", "text", "[1]", "3"])
async def test_vars_need_names_and_values(run, given):
    with pytest.raises(ParameterError, match="map of names and values"):
        await run(f"pipeline: [{{vars: {{set: {given}}}}}]", body="<script>")


async def test_the_names_of_variables_from_a_body_are_not_evaluated(run):
    text = "pipeline: [{vars: {set: '#{body}'}}, {body.set: '#{vars.a}'}]"
    assert (await run(text, body={"a": "#{1 + 1}"})).body == "#{1 + 1}"


async def test_the_log_of_a_webhook_is_found_by_its_key(run, hub):
    hook = await hub.put_webhook({"eventKey": "order.placed"})
    await run(f"pipeline: [{{webhook.receive: {{token: {hook['uuid']}}}}}]", body={"order": 17})
    for given in (f"uuid: {hook['uuid']}", "eventKey: order.placed"):
        (row,) = (await run(f"pipeline: [{{webhook.receive.logs: {{{given}}}}}]")).body
        assert row["eventKey"] == "order.placed"
    assert (await run("pipeline: [{webhook.receive.logs: {eventKey: order.placed, refused: true}}]")).body == []


async def test_the_log_of_a_key_needs_exactly_one_webhook(run, hub):
    text = "pipeline: [{webhook.receive.logs: {eventKey: order.placed}}]"
    with pytest.raises(NotFoundError, match="no webhook that fires order"):
        await run(text)
    hooks = [await hub.put_webhook({"eventKey": "order.placed"}) for _ in range(2)]
    with pytest.raises(ParameterError, match=f"2 of your webhooks .* …{hooks[1]['uuid'][-6:]}"):
        await run(text)
    with pytest.raises(ParameterError, match='"uuid", or "eventKey"'):
        await run("pipeline: [{webhook.receive.logs: {limit: 3}}]")


async def test_a_webhook_takes_what_a_pipeline_sends_it(run, hub):
    hook = await hub.put_webhook({"eventKey": "order.placed"})
    result = await run(f"pipeline: [{{webhook.receive: {{token: {hook['uuid']}}}}}]", body={"order": 17})
    (row,) = await hub.webhook_logs(hook["uuid"])
    assert (b64decode(row["body"]), row["traceId"]) == (b'{"order":17}', result.body["traceId"])


async def test_the_receipt_does_not_tell_whether_there_is_such_a_webhook(run):
    steps = "webhook.put: {eventKey: order.placed}", "webhook.receive: {token: '#{body.uuid}'}"
    known = (await run("pipeline:\n" + "".join(f"  - {step}\n" for step in steps))).body
    unknown = (await run("pipeline: [{webhook.receive: {uuid: 0b0c6a8e-6d6b-4f1e-9d5e-5b8f3f6936bd}}]")).body
    assert known.keys() == unknown.keys()
    assert {known["status"], unknown["status"]} == {"running"}


async def test_a_webhook_that_calls_itself_ends(run):
    chain = Event(
        id="e", event_key="order.placed", namespace="", trace_id="", correlation_id="", created=1, owner="ada"
    )
    with caused_by(chain):
        await run("pipeline: [{webhook.receive: {token: x}}]")
    longest = Event(
        id="e", event_key="a", namespace="", trace_id="", correlation_id="", created=1, owner="ada",
        causation=("a",) * MAX_CHAIN,
    )  # fmt: skip
    with caused_by(longest), pytest.raises(RunLimitError):
        await run("pipeline: [{webhook.receive: {token: x}}]")


async def test_waiting_for_a_webhook_is_refused(run):
    with pytest.raises(ParameterError, match="pollingRedirectEnabled"):
        await run("pipeline: [{webhook.receive: {token: x, pollingRedirectEnabled: true}}]")
