import pytest

from pfnb.exceptions import AssertionFailedError, ParameterError, PelEvaluationError, PelSyntaxError
from pfnb.functions import load as load_functions
from pfnb.language import parse_pipeline


def steps(*lines):
    return "pipeline:\n" + "".join(f"  - {line}\n" for line in lines)


LOG_ITEM = 'set: {value: "#{body + vars.loop.item}"}'


class TestIf:
    @pytest.mark.parametrize(
        ("condition", "expected"),
        [
            ("{true: true}", "then"),
            ("{true: false}", "else"),
            ("{false: true}", "else"),
            ("{false: false}", "then"),
            ("{true: 'no'}", "else"),
            ("{true: null}", "else"),
            ('{true: "#{vars.n > 1}"}', "then"),
            ('"#{vars.n > 1}"', "then"),
        ],
    )
    async def test_one_side_runs(self, run, condition, expected):
        text = "vars: {n: 2}\n" + steps(f"if: {condition}", "body.set: then", "if.else", "body.set: else", "if.end")
        assert (await run(text)).body == expected

    @pytest.mark.parametrize("condition", ["{}", "{true: true, false: false}"])
    async def test_exactly_one_condition_is_wanted(self, run, condition):
        with pytest.raises(ParameterError, match="exactly one") as caught:
            await run(steps(f"if: {condition}", "if.end"))
        assert (caught.value.line, caught.value.step) == (2, 1)

    async def test_nested_ones_belong_to_the_nearest(self, run):
        text = steps(
            "if: {true: false}",
            "if: {true: true}",
            "body.set: 1",
            "if.end",
            "if.else",
            "if: {true: false}",
            "body.set: 2",
            "if.else",
            "body.set: 3",
            "if.end",
            "if.end",
        )
        assert (await run(text)).body == 3

    async def test_without_else_nothing_runs(self, run):
        assert (await run(steps("if: {true: false}", "body.set: 1", "if.end"))).body is None

    async def test_a_block_may_be_left_out_as_a_whole(self, run):
        text = steps("if: {true: false, if: false}", "body.set: 1", "if.else", "body.set: 2", "if.end")
        assert (await run(text)).body is None

    async def test_the_end_may_have_an_eval(self, run):
        text = "vars: {a: 0}\n" + steps(
            "foreach: {in: 'x, y'}",
            "if: {true: false}",
            'if.end: {eval: "vars.a = vars.a + 1"}',
            "foreach.end",
            'set: {value: "#{vars.a}"}',
        )
        assert (await run(text)).body == 2


class TestForeach:
    @pytest.mark.parametrize(
        ("items", "expected"),
        [
            (["a", "b"], "ab"),
            ("a, b,c", "abc"),
            ("", ""),
            (None, ""),
            ([], ""),
        ],
    )
    async def test_items_one_after_the_other(self, run, items, expected):
        text = 'body: ""\n' + steps('foreach: {in: "#{vars.items}"}', LOG_ITEM, "foreach.end")
        assert (await run(text, vars={"items": items})).body == expected

    async def test_the_entries_of_a_map(self, run):
        text = 'body: ""\n' + steps(
            'foreach: {in: "#{vars.map}", as: entry}',
            'set: {value: "#{body + vars.entry.key + vars.entry.value}"}',
            "foreach.end",
        )
        assert (await run(text, vars={"map": {"a": "1", "b": "2"}})).body == "a1b2"

    async def test_what_is_no_list_is_refused(self, run):
        with pytest.raises(ParameterError, match="must be a list, a map or a text with commas, not 5") as caught:
            await run(steps("foreach: {in: 5}", "foreach.end"))
        assert caught.value.line == 2

    async def test_the_loop_tells_index_and_even(self, run, logged):
        await run(
            steps("foreach: {in: 'a, b'}", 'log: {message: "#{vars.loop.index} #{vars.loop.even}"}', "foreach.end")
        )
        assert [message.lower() for _, message in logged] == ["0 true", "1 false"]

    async def test_a_name_holds_the_item_and_its_loop(self, run, logged):
        text = steps(
            "foreach: {in: 'Ada, Bob', as: person}",
            "foreach: {in: 'swim, ride', as: sport}",
            'log: {message: "#{vars.loop.person.index}#{vars.loop.sport.index} #{vars.person} #{vars.sport}"}',
            'log: {message: "#{vars.loop.sport.item}", if: "#{vars.loop.person.even}"}',
            "foreach.end",
            "foreach.end",
        )
        await run(text)
        assert [message for _, message in logged] == [
            "00 Ada swim", "swim", "01 Ada ride", "ride", "10 Bob swim", "11 Bob ride",
        ]  # fmt: skip

    async def test_the_loop_may_have_another_name(self, run):
        text = steps("foreach: {in: a, loopName: round}", 'body.set: "#{vars.round.item}"', "foreach.end")
        assert (await run(text)).body == "a"

    async def test_variables_are_afterwards_what_they_were(self, run):
        text = "vars: {person: before}\n" + steps(
            "foreach: {in: a, as: person}", "foreach: {in: b}", "foreach.end", "foreach.end", 'set: {value: "#{vars}"}'
        )
        assert (await run(text)).body == {"person": "before"}

    async def test_eval_is_evaluated_for_each_item(self, run):
        text = 'vars: {all: ""}\n' + steps(
            'foreach: {in: "a, b", as: x, eval: "vars.all = vars.all + vars.x"}',
            'foreach.end: {eval: "vars.all = vars.all + 1"}',
            'set: {value: "#{vars.all}"}',
        ).replace("+ 1", "+ '!'")
        assert (await run(text)).body == "a!b!"


class TestForeachOfOlderPipelines:
    async def test_split_is_an_older_name(self, run):
        text = 'body: ""\n' + steps("split: {in: 'a, b'}", LOG_ITEM, "split.end")
        assert (await run(text)).body == "ab"

    async def test_an_end_may_be_written_as_a_parameter(self, run):
        text = 'body: ""\n' + steps("foreach: {in: 'a, b'}", LOG_ITEM, "foreach: {end: }", "set: {value: '#{body}c'}")
        assert (await run(text)).body == "abc"

    async def test_an_expression_may_make_the_item(self, run):
        text = steps(
            'foreach: {in: "#{vars.list}", as: x, item: "vars.loop.x.item.name"}',
            'set: {value: ["#{body}", "#{vars.x}", "#{vars.loop.x.item}"]}',
            "foreach.end",
        )
        assert (await run(text, vars={"list": [{"name": "Ada"}]})).body == [None, "Ada", "Ada"]

    async def test_var_is_an_older_name_of_vars(self, run):
        load_functions()
        text = "vars: {people: [Sam, Carol], activities: 'biking, swimming'}\nbody: []\n" + steps(
            'foreach: {in: "#{var.people}", as: person}',
            'foreach: {in: "#{var.activities}", as: activity}',
            "eval: {expr: \"#{@list.add(body, var.person + ' could do: ' + var.activity)}\"}",
            "foreach.end",
            "foreach.end",
        )
        assert (await run(text)).body == [
            "Sam could do: biking",
            "Sam could do: swimming",
            "Carol could do: biking",
            "Carol could do: swimming",
        ]


class TestSwitch:
    TEXT = "vars: {age: 36}\n" + steps(
        "switch: {'#{vars.age < 18}': child, vars.age < 65: '#{vars.age} is adult', 'true': '#{vars.nobody}'}"
    )

    @pytest.mark.parametrize(("age", "expected"), [(7, "child"), (36, "36 is adult")])
    async def test_the_first_condition_that_holds_says_the_value(self, run, age, expected):
        assert (await run(self.TEXT, vars={"age": age})).body == expected

    async def test_only_what_is_chosen_is_evaluated(self, run):
        with pytest.raises(PelEvaluationError, match="nobody") as caught:
            await run(self.TEXT, vars={"age": 80})
        assert (caught.value.line, caught.value.step) == (3, 1)

    async def test_if_none_holds_the_body_stays(self, run):
        assert (await run(steps("switch: {1 > 2: x}"), body="kept")).body == "kept"

    async def test_a_value_may_be_null_and_go_elsewhere(self, run):
        assert (await run(steps("switch: {1 < 2: null}"), body=1)).body is None
        assert (
            await run("vars: {}\n" + steps("switch: {1 < 2: a, output: vars.x}", "set: {value: '#{vars.x}'}"))
        ).body == "a"

    def test_a_condition_that_is_no_expression_is_an_error_before_the_run(self, registry):
        with pytest.raises(PelSyntaxError) as caught:
            parse_pipeline(steps("switch: {'vars.a >': x}"), registry)
        assert (caught.value.line, caught.value.step) == (2, 1)
        assert caught.value.column >= 14


class TestExitWaitEval:
    async def test_exit_ends_the_run_with_the_body_as_it_is(self, run):
        result = await run(steps("body.set: 1", "foreach: {in: a}", "exit", "foreach.end", "body.set: 2"))
        assert (result.body, [step.command for step in result.steps]) == (1, ["body.set", "foreach", "exit"])

    async def test_exit_may_depend_on_a_condition(self, run):
        text = steps('exit: {if: "#{body > 2}"}', "body.set: on")
        assert ((await run(text, body=1)).body, (await run(text, body=3)).body) == ("on", 3)

    async def test_wait_waits(self, run):
        result = await run(steps("wait: {ms: 30}", "wait: 0"))
        assert result.steps[0].milliseconds >= 30

    @pytest.mark.parametrize("ms", ["-1", "soon", "1e12"])
    async def test_wait_has_bounds(self, run, ms):
        with pytest.raises(ParameterError):
            await run(steps(f"wait: {{ms: {ms}}}"))

    @pytest.mark.parametrize(
        "expr", ["vars.a = vars.a + 1", "'#{vars.a = vars.a + 1}'", "vars.a = 1; vars.a = vars.a + 1"]
    )
    async def test_eval_changes_what_its_expression_says(self, run, expr):
        text = "vars: {a: 1}\n" + steps(f"eval: {{expr: {expr}}}", "set: {value: ['#{body}', '#{vars.a}']}")
        assert (await run(text, body="kept")).body == ["kept", 2]

    async def test_eval_has_a_value_for_output(self, run):
        assert (await run(steps("eval: {expr: 1 + 1, output: body}"))).body == 2


class TestInputAndVersions:
    async def test_input_is_read_instead_of_the_body(self, run, registry):
        registry.command("double")(lambda body: body * 2)
        text = "vars: {n: 4}\n" + steps(
            "double: {input: vars.n, output: vars.m}", 'set: {value: ["#{body}", "#{vars.m}"]}'
        )
        assert (await run(text, body=1)).body == [1, 8]

    async def test_the_highest_version_up_to_the_one_wanted_is_used(self, run, registry):
        for version in (1, 3):
            registry.command("which", version=version)(lambda version=version: version)
        text = steps("which", "which:v2", "which:v3", "which:v9", "log:v3")
        assert [step.output for step in (await run(text)).steps] == [1, 1, 3, 3, None]

    @pytest.mark.parametrize("header", ["version: v3", "version: 3", "apiVersion: v3"])
    async def test_a_header_says_it_for_all_steps(self, run, registry, header):
        for version in (1, 3):
            registry.command("which", version=version)(lambda version=version: version)
        result = await run(f"headers: {{{header}}}\n" + steps("which", "which:v1", "if:v1: {true: true}", "if.end:v1"))
        assert [step.output for step in result.steps] == [3, 1, None]


class TestMocks:
    @pytest.fixture(autouse=True)
    def mail(self, registry):
        @registry.command("sms.send", aliases=("sms",))
        async def send(to: str):
            sent.append(to)
            return "sent"

        sent: list[str] = []
        return sent

    async def test_a_mock_stands_in_for_a_command(self, run, mail):
        text = steps("mock.command: {command: sms.send, thenSetBody: mocked, thenSetVar: {a: 1}}", "sms: {to: ada}")
        result = await run(text + steps("set: {value: ['#{body}', '#{vars.a}']}")[10:])
        assert (result.body, mail) == (["mocked", 1], [])

    async def test_only_when_its_condition_holds(self, run, mail):
        text = steps(
            "mock.command: {command: sms.send, when: vars.test, thenSetBody: mocked}",
            "sms.send: {to: ada}",
            "eval: vars.test = true",
            "sms.send: {to: bob}",
        )
        assert ((await run(text, vars={"test": False})).body, mail) == ("mocked", ["ada"])

    @pytest.mark.parametrize(
        "text",
        [
            "headers: {mocksEnabled: false}\n" + steps("mock.command: {command: sms.send}", "sms.send: {to: ada}"),
            steps("mock.command: {command: sms.send, enabled: false}", "sms.send: {to: ada}"),
        ],
    )
    async def test_mocks_can_be_switched_off(self, run, mail, text):
        await run(text)
        assert mail == ["ada"]

    async def test_without_a_value_the_body_stays(self, run, mail):
        assert (await run(steps("mock.command: {command: sms.send}", "sms.send: {to: ada}"), body=1)).body == 1


class TestAssert:
    @pytest.mark.parametrize(
        "given",
        [
            "{true: true}",
            "{false: false}",
            "{true: 'yes', false: 'no'}",
            "{value: 1, equals: 1}",
            "{value: 1, equals: 1.0}",
            "{equals: {a: [1]}}",
            "{body.equals: {a: [1]}}",
            "{value: null, equals: null}",
        ],
    )
    async def test_what_holds_lets_the_run_go_on(self, run, given):
        assert (await run("body: {a: [1]}\n" + steps(f"assert: {given}"))).body == {"a": [1]}

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ("{true: false}", "what should be true is False"),
            ("{false: true}", "what should be false is True"),
            ("{value: 1, equals: true}", "1 is not equal to True"),
            ("{value: '1', equals: 1}", "'1' is not equal to 1"),
            ("{equals: {a: [2]}}", "is not equal to"),
            ("{body.equals: {a: [true]}}", "the body"),
            ("{true: true, value: 1, equals: 2}", "1 is not equal to 2"),
            ("{true: false, message: 'too few'}", "^too few"),
        ],
    )
    async def test_what_does_not_ends_it(self, run, given, words):
        with pytest.raises(AssertionFailedError, match=words) as caught:
            await run("body: {a: [1]}\n" + steps("log", f"assert: {given}"))
        assert (caught.value.line, caught.value.step) == (4, 2)

    async def test_something_must_be_asserted(self, run):
        with pytest.raises(ParameterError, match="at least one"):
            await run(steps("assert: {message: x}"))


@pytest.mark.parametrize("block", ["foreach: {in: 'a, b', as: x}", "foreach: {in: 'a, b'}"])
async def test_foreach_puts_the_variables_back_when_a_step_fails(run, block):
    text = "vars: {loop: mine, x: 1}\n" + steps(
        block,
        "error: {message: stop}",
        "foreach.end",
        "except: {drop: true}",
        "except.end",
        "finally",
        "set: {value: '#{vars.loop} #{vars.x}'}",
    )
    assert (await run(text)).body == "mine 1"
