"""Functions that know the run they are called in: its user, its hub, its machine, and content behind references."""

import pytest

from pfnb import functions
from pfnb.client.port import NoSession, session_port
from pfnb.exceptions import PelEvaluationError
from pfnb.language import ANONYMOUS, Runner, User, parse_pipeline
from pfnb.language.content import content_id_of

ADA = User("ada")


@pytest.fixture
def value_of(run):
    async def value_of(expression, **options):
        return (await run(f"pipeline:\n  - body.set:\n      value: >-\n        ${{{expression}}}", **options)).body

    return value_of


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("@user.username()", "ada"),
        ("@user.displayName()", "ada"),
        ("@user.displayName({firstName: 'Ada', lastName: 'Lovelace'})", "Ada Lovelace"),
        ("@user.displayName({email: 'ada@example.org'})", "ada@example.org"),
        ("@user.displayName(1)", ""),
        ("@user.uuid() == @user.uuid()", True),
        ("@user.loggedIn()", True),
        ("@user.hasPermission('CAN_PIPE_log')", True),
        ("@user.hasPermission('CAN_RUN_AS_TARGET')", False),
        ("@user.email()", None),
        ("@user.email({email: 'ada@example.org'})", "ada@example.org"),
        ("@user.emailAndDisplayName({email: 'a@b.c', firstName: 'Ada'})", "a@b.c (Ada)"),
        ("@user.emailAndDisplayName()", ""),
        ("{@user.firstName(), @user.lastName(), @user.locale()}", [None, None, None]),
        ("@instance.url()", "http://127.0.0.1:8899/pfnb"),
        ("@instance.url('hub')", "http://127.0.0.1:8899/pfnb"),
        ("@instance.domain()", "127.0.0.1"),
        ("@instance.namespace()", "default"),
        ("@instance.uptime() <= @date.timestamp()", True),
        ("@instance.stage()", "local"),
        ("@instance.hasProfile('qa', 'test,prod')", True),
        ("@instance.profiles()", ["test", "demo"]),
        ("@content.newCollection('file:/a/b.txt').children[0].name", "b.txt"),
        ("@content.newContent('https://example.org/a.pdf?x=1').contentType", "application/pdf"),
    ],
)
async def test_in_a_run(value_of, monkeypatch, expression, value):
    monkeypatch.setenv("PFNB_PROFILES", "test, demo")
    assert await value_of(expression) == value


async def test_a_run_of_nobody_knows_it(value_of):
    assert await value_of("@user.loggedIn()", user=ANONYMOUS, owner=ADA) is False
    assert await value_of("@user.hasPermission('CAN_PIPE_log')", user=ANONYMOUS, owner=ADA) is False
    with pytest.raises(PelEvaluationError, match=r"iam\.run\.as: \{username: ada\}"):
        await value_of("@instance.env('HOME')", user=ANONYMOUS, owner=ADA)


async def test_what_the_hub_knows_of_a_user_is_told(value_of, hub):
    await hub.iam(
        "create_user",
        username="grace",
        roles=["CAN_PIPE_webhook.%", "CAN_RUN_AS_TARGET"],
        email="grace@example.org",
        first_name="Grace",
        last_name="Hopper",
    )
    found = await hub.iam("find_user", username="grace")
    grace = User(found["name"], frozenset(found["roles"]))
    for expression, value in [
        ("@user.displayName()", "Grace Hopper"),
        ("@user.emailAndDisplayName()", "grace@example.org (Grace Hopper)"),
        ("{@user.firstName(), @user.lastName()}", ["Grace", "Hopper"]),
        ("@user.uuid()", (await hub.iam("get_user", username="grace"))["uuid"]),
        ("@user.hasPermission('CAN_PIPE_webhook.put')", True),
        ("@user.hasPermission('CAN_PIPE_log', 'CAN_RUN_AS_SOURCE')", False),
        ("@user.hasPermission('CAN_PIPE_log, CAN_RUN_AS_TARGET')", True),
    ]:
        assert await value_of(expression, user=grace) == value


async def test_without_a_hub_a_user_is_known_by_name(registry):
    text = "pipeline:\n  - body.set: '${@user.displayName()}'"
    result = await Runner(registry, functions.registry).run(
        parse_pipeline(text, registry), user=ADA, hub=session_port(NoSession())
    )
    assert result.body == "ada"


async def test_the_user_is_whom_the_run_acts_as_by_now(run):
    text = "pipeline:\n  - iam.run.as: {username: ada}\n  - body.set:\n      value: ${@user.username()}"
    assert (await run(text, user=ANONYMOUS, owner=ADA)).body == "ada"


@pytest.mark.parametrize("name", ["MY_TOKEN", "DB_PASSWORD", "api_key", "PFNB_HUB", "AUTHOR", "STORE", "NOT_THERE"])
async def test_secrets_of_the_environment_are_null(value_of, monkeypatch, name):
    monkeypatch.setenv("PFNB_INSTANCE_ENV", name)
    if name != "NOT_THERE":
        monkeypatch.setenv(name, "postgresql://ada:secret@localhost/db")
    assert await value_of(f"@instance.env('{name}')") is None


async def test_variables_that_the_hubs_owner_names_are_there(value_of, monkeypatch):
    monkeypatch.setenv("REGION", "eu")
    assert await value_of("@instance.env('REGION')") is None
    monkeypatch.setenv("PFNB_INSTANCE_ENV", "ZONE, REGION")
    assert await value_of("@instance.env('REGION')") == "eu"


@pytest.mark.parametrize(
    ("data", "content_type", "value"),
    [
        (b'{"a": [1]}', "application/json", {"a": [1]}),
        (b"{", "application/json", b"{"),
        ("Grüße".encode("latin-1"), "text/plain; charset=iso-8859-1", "Grüße"),
        (b"<a/>", "image/svg+xml", "<a/>"),
        (b"\x00\xff", "image/png", b"\x00\xff"),
        (b"#{7*7}", "text/plain", "#{7*7}"),
    ],
)
async def test_content_is_loaded_as_what_it_is(value_of, hub, data, content_type, value):
    reference = await hub.put_content(data, name="a", content_type=content_type)
    assert await value_of("@content.load(body)", body=reference) == value
    assert await value_of("@hash.sha256(@content.load(vars.uri))", vars={"uri": reference["content"]}, body=1)
    assert content_id_of(reference)


async def test_what_is_no_content_or_is_gone_is_said(value_of):
    with pytest.raises(PelEvaluationError, match="expected a content reference"):
        await value_of("@content.load('/etc/passwd')")
    with pytest.raises(PelEvaluationError, match=r"@content.load\(…\): "):
        await value_of("@content.load('$uri:attachment:nowhere')")


@pytest.fixture
async def stored(hub):
    await hub.put_property("global/app/demo/config/app", {"value": {"emails": ["a@b.c", "#{7*7}"]}})
    await hub.put_property("global/app/demo/config/text", {"value": "#{7*7}", "type": "text/plain"})
    await hub.put_property("global/app/demo/config/broken", {"value": "{", "type": "application/json"})
    await hub.put_property("global/app/demo/config/empty", {"defaultValue": "x"})


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("@property.value('global/app/demo/config/app').emails", ["a@b.c", "#{7*7}"]),
        ("@property.value('global/app/demo/config/text')", "#{7*7}"),
        ("@property.value('global/app/demo/config/broken')", "{"),
        ("@property.value('global/app/demo/config/empty')", "x"),
        ("@property.value('global/app/demo/config/nope')", None),
        ("@property.get('global/app/demo/config/nope')", None),
        ("@property.get('global/app/demo/config/app').value.emails.size()", 2),
        ("@property.values('global/app/demo/config/a*')", [{"emails": ["a@b.c", "#{7*7}"]}]),
        ("@property.lazy('global/app/demo/config/app#emails[0]')", "a@b.c"),
        ("@property.lazy('global/app/demo/config/text')", "#{7*7}"),
        ("@resolve.uri('$uri:property:global/app/demo/config/app').value.emails[0]", "a@b.c"),
        ("@resolve.uri('uri:property:global/app/demo/config/app#emails.size()')", 2),
        ("@uri.resolve('$uri:property:global/app/demo/config/app@type')", "application/json"),
        ("@resolve.uri('$uri:property:global/app/demo/config/nope#x')", None),
        ("@convert.lazy('$uri:property:global/app/demo/config/app#emails[0]')", "a@b.c"),
        ("@resolve.uri('$uri:user:ada').username", "ada"),
        ("@resolve.uri('$uri:user:eve')", None),
        ("@resolve.uri('$uri:user:uuid=' + @user.uuid()).username", "ada"),
    ],
)
async def test_properties(value_of, stored, expression, value):
    assert await value_of(expression) == value


async def test_an_expression_within_an_expression_asks_for_a_property(run, stored):
    text = "pipeline:\n  - body.set: \"#{#{@property.value('global/app/demo/config/app')}.emails}\""
    assert (await run(text)).body == ["a@b.c", "#{7*7}"]


async def test_a_property_is_given_another_value(value_of, hub, stored):
    assert await value_of("{@property.updateValue('global/app/demo/config/app', {a: 1})}") == [None]
    assert await value_of("@property.value('global/app/demo/config/app')") == {"a": 1}
    with pytest.raises(PelEvaluationError, match="there is no property"):
        await value_of("@property.updateValue('global/app/demo/config/nope', 1)")


@pytest.mark.parametrize(
    "expression",
    [
        "@property.value('global/app/demo/config/app')",
        "@property.values('global/**')",
        "@property.updateValue('global/app/demo/config/app', 1)",
        "@resolve.uri('$uri:property:global/app/demo/config/app')",
    ],
)
async def test_properties_are_not_for_nobody(value_of, stored, expression):
    with pytest.raises(PelEvaluationError, match=r"iam\.run\.as"):
        await value_of(expression, user=ANONYMOUS, owner=ADA)


async def test_an_address_of_content_leads_to_its_bytes(value_of, hub):
    reference = await hub.put_content(b"abc", name="a", content_type="image/png")
    assert await value_of("@resolve.uri(body.content)", body=reference) == b"abc"


@pytest.mark.parametrize("uri", ["nope", "$uri:drive:/a", "$uri:property:"])
async def test_an_address_that_leads_nowhere_is_said(value_of, uri):
    with pytest.raises(PelEvaluationError, match=r"address|drive"):
        await value_of(f"@resolve.uri('{uri}')")


class TestVariablesOfAPipeline:
    """They are evaluated as the user that the pipeline's first steps switch to."""

    @pytest.mark.parametrize("listen", ["  - event.listen: {key: order.*}\n", ""])
    async def test_a_switch_at_the_beginning_holds_for_them(self, run, listen):
        text = f'vars: {{me: "#{{@user.username()}}"}}\npipeline:\n{listen}  - iam.run.as: ada\n  - body.set: "#{{vars.me}}"'
        assert (await run(text, user=ANONYMOUS, owner=ADA, event={"payload": 1})).body == "ada"

    async def test_a_switch_that_reads_them_comes_after_them(self, run):
        text = 'vars: {me: "#{@user.username()}"}\npipeline:\n  - iam.run.as: "#{vars.me}"\n  - body.set: "#{vars.me}"'
        assert (await run(text, user=ADA)).body == "ada"

    async def test_a_later_switch_does_not_hold_for_them(self, run):
        text = (
            'vars: {me: "#{@user.username()}"}\npipeline:\n  - log: hi\n  - iam.run.as: ada\n  - body.set: "#{vars.me}"'
        )
        assert (await run(text, user=ANONYMOUS, owner=ADA)).body == "anonymousUser"

    async def test_an_error_in_them_reaches_the_pipelines_except(self, run):
        text = (
            'vars: {total: "#{body.gone}"}\npipeline:\n  - log: hi\n  - except:\n'
            '  - body.set: "#{exception.line}"\n  - except.end:\n'
        )
        assert (await run(text, user=ADA, body={})).body == 1
