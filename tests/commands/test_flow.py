import pytest

from pfnb.exceptions import AssertionFailedError, ParameterError


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
        with pytest.raises(ParameterError, match="wants a list, a map or a text with commas, not 5") as caught:
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
