"""Commands that ask the hub, or that say who asks and what is answered."""

import pytest

from pfnb.exceptions import AccessDeniedError, ParameterError
from pfnb.language import ANONYMOUS, Response, User
from pfnb.language.roles import EVERYTHING

UUID = "0d3c1b52-7a54-4b7e-9d0c-2f6f3f1f9a11"


def steps(*lines):
    return "pipeline:\n" + "".join(f"  - {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("step", "call"),
    [
        ("webhook.put: {eventKey: a.b}", ("put_webhook", ({"eventKey": "a.b"},), {})),
        (
            f"webhook.put: {{token: {UUID}, payloadType: raw, maxPayloadLength: 10, active: false}}",
            ("put_webhook", ({"uuid": UUID, "payloadType": "raw", "maxPayloadLength": 10, "active": False},), {}),
        ),
        ("webhook.get", ("get_webhooks", (), {"uuid": None, "event_key": None})),
        (f"webhook.get: {{uuid: {UUID}}}", ("get_webhooks", (), {"uuid": UUID, "event_key": None})),
        (f"webhook.delete: {{uuid: {UUID}}}", ("delete_webhook", (UUID,), {})),
        (f"webhook.receive.logs: {{token: {UUID}}}", ("webhook_logs", (UUID,), {"limit": 100, "before": None})),
        (
            f"webhook.receive.logs: {{uuid: {UUID}, limit: 5, before: x}}",
            ("webhook_logs", (UUID,), {"limit": 5, "before": "x"}),
        ),
        ("event.delivery.failed", ("list_failed", (), {"limit": 20})),
        ("event.delivery.discard: {delivery: '7'}", ("discard_delivery", ("7",), {"reason": None})),
        (
            "event.delivery.discard: {delivery: 7, reason: sent twice}",
            ("discard_delivery", ("7",), {"reason": "sent twice"}),
        ),
        ("event.send: {key: a.b, payload: {x: 1}}", ("send_event", ("a.b", {"x": 1}), {"correlation_id": None})),
        ("event.send: {eventKey: a.b, correlationId: c}", ("send_event", ("a.b", None), {"correlation_id": "c"})),
    ],
)
async def test_the_hub_is_asked_and_its_answer_is_the_body(run, hub, step, call):
    result = await run(steps(step))
    assert hub.calls == [call]
    assert result.body == {"method": call[0]}


async def test_sending_an_event_keeps_the_body(run):
    assert (await run(steps("event.send: {key: a}"), body=1)).body == 1


async def test_and_tells_what_was_sent_where_it_is_asked_to(run):
    text = steps("event.send: {key: a, output: vars.sent}", 'set: {value: ["#{body}", "#{vars.sent.method}"]}')
    assert (await run(text, body=1)).body == [1, "send_event"]


async def test_events_are_never_sent_synchronously(run):
    with pytest.raises(ParameterError, match="leave out async"):
        await run(steps("event.send: {key: a, async: false}"))


async def test_too_many_logs_at_once_are_refused(run):
    with pytest.raises(ParameterError, match="limit"):
        await run(steps(f"webhook.receive.logs: {{uuid: {UUID}, limit: 10001}}"))


@pytest.mark.parametrize("step", ["webhook.put: {eventKey: a}", "webhook.get", "event.send: {key: a}"])
async def test_anonymous_user_may_not_ask_the_hub(run, hub, step):
    with pytest.raises(AccessDeniedError):
        await run(steps(step), user=ANONYMOUS, owner=User("ada", EVERYTHING))
    assert [(name, *words) for name, words, _ in hub.calls] == [("iam", "refused")]


async def test_the_answer_is_put_together_by_several_steps(run):
    text = steps(
        "http.response.set: {statusCode: 201, headers: {X-A: 1}}",
        "http.response.set: {headers: 'X-B: 2, X-C: 3'}",
        "http.response.set: {body: {ok: true}}",
        "body.set: other",
    )
    result = await run(text)
    assert result.response == Response(201, {"ok": True}, {"X-A": "1", "X-B": "2", "X-C": "3"})
    assert result.body == "other"


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ('{"X-A": "a\\r\\nSet-Cookie: b"}', "line breaks"),
        ('{"X A": 1}', "cannot be the name"),
        ("{Content-Length: 5}", "set by the server"),
        ("{Clear-Site-Data: '*'}", "Clear-Site-Data is set by the server and cannot be overridden"),
        ("{X-A: Grüße}", "beyond ASCII"),
        ("nonsense", "must be a map of names and values"),
        ("5", "must be a map of names and values"),
    ],
)
async def test_headers_that_would_break_the_answer_are_refused(run, headers, words):
    with pytest.raises(ParameterError, match=words):
        await run(steps(f"http.response.set: {{headers: {headers}}}"))


class TestRunAs:
    async def test_somebody_else_is_refused(self, run):
        with pytest.raises(
            AccessDeniedError, match="CAN_RUN_AS_SOURCE for ada and CAN_RUN_AS_TARGET for eve, and eve does not have"
        ) as caught:
            await run(steps("iam.run.as: {username: eve}"), user=ANONYMOUS, owner=User("ada", EVERYTHING))
        assert (caught.value.line, caught.value.step) == (2, 1)

    async def test_a_pipeline_of_nobody_cannot_be_lifted(self, run):
        with pytest.raises(AccessDeniedError):
            await run(steps("iam.run.as: {username: ada}"), user=ANONYMOUS, owner=ANONYMOUS)

    async def test_oneself_and_anonymous_user_are_allowed(self, run):
        await run(steps("iam.run.as: {username: bob}"), user=User("bob", EVERYTHING), owner=User("ada", EVERYTHING))
        with pytest.raises(AccessDeniedError, match=r"anonymousUser may not run webhook\.get"):
            await run(steps("iam.run.as: {username: anonymousUser}", "webhook.get"))
