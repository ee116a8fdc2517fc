"""Lists filtered, limited and gone through."""

import pytest

from pfnb.commands import lists
from pfnb.exceptions import ParameterError, PelEvaluationError
from pfnb.language import ANONYMOUS

PEOPLE = [{"name": "Ada", "age": 36}, {"name": "Max", "age": 12}, {"name": "Eve", "age": 17}]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("exclude: item.age < 18", ["Ada"]),
        ("exclude: '#{item.age < 18}'", ["Ada"]),
        ("{exclude: one.name == vars.name, iterItemName: one}", ["Ada", "Eve"]),
        ("{exclude: item.size() == 1, input: [[1], [2, 3]]}", [[2, 3]]),
        ("{exclude: 'item > 1', input: '[1, 2]'}", [1]),
        ("{exclude: 'false', input: []}", []),
    ],
)
async def test_items_for_which_the_expression_is_true_are_left_out(run, given, expected):
    given = given if given.startswith("{") else f"{{{given}}}"
    result = await run(f"pipeline:\n  - data.list.filter: {given}", body=PEOPLE, vars={"name": "Max"})
    assert [item["name"] if isinstance(item, dict) else item for item in result.body] == expected


async def test_the_input_stays_as_it_is(run):
    text = "pipeline:\n  - data.list.filter: {exclude: 'true', output: vars.none}\n"
    assert (await run(text, body=PEOPLE)).body == PEOPLE


@pytest.mark.parametrize(("given", "expected"), [("{maxLength: 2}", [1, 2]), ("{maxLength: 0}", []), ("", [1, 2, 3])])
async def test_a_list_is_limited(run, given, expected):
    assert (await run(f"pipeline:\n  - data.list.limit: {given}", body=[1, 2, 3])).body == expected


@pytest.mark.parametrize("step", ["data.list.limit: {maxLength: 1}", "data.list.filter: {exclude: 'true'}"])
@pytest.mark.parametrize(("body", "called"), [(None, "null"), ({"a": 1}, "a map"), ("5", "a whole number")])
async def test_what_is_no_list_is_refused(run, step, body, called):
    with pytest.raises(ParameterError, match=f"must be a list, not {called}"):
        await run(f"pipeline:\n  - {step}", body=body)


LISTS = """
pipeline:
    - data.list.iterate:
        listA: [{"name": "Max", "allowed": false}, {"name": "Hennah", "allowed": false}]
"""
BOTH = f"""{LISTS}
        listB:  [{{"name": "Max", "age": 12}}, {{"name": "Hennah", "age": 23}}]
"""
WHERE = '        where: "itemA.name == itemB.name and itemB.age > 18"\n'


@pytest.mark.parametrize(
    ("text", "young", "old"),
    [
        (BOTH + WHERE + '        do: "itemA.allowed = true"', False, True),
        (BOTH + WHERE + "        do: |\n          itemA.allowed = true;\n          vars.at = 1;\n", False, True),
        (LISTS + '        do: "itemA.allowed = true"', True, True),
        (LISTS + "        where: ''\n" + '        do: "itemA.allowed = true"', True, True),
        (
            BOTH + "        do: \"(itemA.name == itemB.name and itemB.age > 18) ? itemA.allowed = true : ''\"",
            False,
            True,
        ),
    ],
)
async def test_each_pair_of_items_is_looked_at(run, text, young, old):
    expected = [{"name": "Max", "allowed": young}, {"name": "Hennah", "allowed": old}]
    assert (await run(text, vars={"at": 0})).body == expected


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("{do: item.age = item.age + 1, where: item.age > 30}", [37, 12, 17]),
        ("{do: one.age = 0, iterItemName: one}", [0, 0, 0]),
        ("{do: vars.sum = vars.sum + item.age}", [36, 12, 17]),
        ("{do: a.age = b, iterItemNameA: a, iterItemNameB: b, listB: [1, 2]}", [2, 2, 2]),
    ],
)
async def test_the_body_is_the_list_where_none_is_given(run, step, expected):
    body = [dict(person) for person in PEOPLE]
    result = await run(f"pipeline:\n  - data.list.iterate: {step}", body=body, vars={"sum": 0})
    assert [person["age"] for person in result.body] == expected


async def test_pairs_without_end_are_refused_before_the_first(run, monkeypatch):
    monkeypatch.setattr(lists, "MAX_ROUNDS", 5)
    text = "pipeline:\n  - data.list.iterate: {listA: [1, 2, 3], listB: [1, 2], do: vars.a = 1}"
    with pytest.raises(ParameterError, match="more than 5 pairs"):
        await run(text)


async def test_an_error_over_an_item_is_at_its_expression(run):
    text = "pipeline:\n  - data.list.iterate:\n      do: item.ageee + 1"
    with pytest.raises(PelEvaluationError, match="ageee") as caught:
        await run(text, body=PEOPLE)
    assert (caught.value.line, caught.value.column, caught.value.step) == (3, 16, 1)


async def test_a_webhook_may_start_it_and_its_data_stays_data(run):
    text = "pipeline:\n  - data.list.filter: {exclude: item == 49}\n  - data.list.iterate: {do: 'item'}"
    assert (await run(text, body=["#{7*7}"], user=ANONYMOUS)).body == ["#{7*7}"]
