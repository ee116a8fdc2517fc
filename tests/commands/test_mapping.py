"""One structure made of another."""

import json

import pytest

from pfnb.exceptions import ParameterError, PelEvaluationError, PelSyntaxError
from pfnb.language import parse_pipeline

SAM = {"firstName": "Sam", "lastName": " Smith ", "age": 34, "tags": ["a", "b"]}


def mapping(*rules, **given):
    return "pipeline:\n  - " + json.dumps({"data.mapping": {"rules": ",\n".join(rules), **given}})


class Text:
    def trim(self, text: str) -> str:
        return text.strip()


class Today:
    def now(self) -> str:
        return "01.01.2022"


async def test_the_documented_mapping_gives_the_documented_result(run):
    text = """
pipeline:
  - data.mapping:
      input: |
        {
          "firstName": "Sam",
          "lastName": "Smith",
          "age": 34
        }

      rules: |
        firstName + ' ' + lastName  -> customer.name,
        age                         -> customer.age,
        age >= 18                   -> customer.isLegalAge,
        @date.now()                 -> mappingDate
"""
    assert (await run(text, functions={"date": Today()})).body == {
        "customer": {"name": "Sam Smith", "age": 34, "isLegalAge": True},
        "mappingDate": "01.01.2022",
    }


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (["firstName -> name"], {"name": "Sam"}),
        (["#{firstName} -> #{person.name}"], {"person": {"name": "Sam"}}),
        (["@text.trim(lastName) -> a.b.c", "age -> a.d"], {"a": {"b": {"c": "Smith"}, "d": 34}}),
        (["age -> ages[0]", "age + 1 -> ages[1]", "2 -> ages[0]"], {"ages": [2, 35]}),
        (["age -> people[0].age", "firstName -> people[0].name"], {"people": [{"age": 34, "name": "Sam"}]}),
        (["age -> a['unit price']", 'age -> a["it\'s"]'], {"a": {"unit price": 34, "it's": 34}}),
        (["tags.![#this + '->,' ] -> marked"], {"marked": ["a->,", "b->,"]}),
        (["vars.rate * age -> a", "input.age -> b", "body.size() -> c"], {"a": 68, "b": 34, "c": 4}),
        (["{age,\n age} -> twice,\n"], {"twice": [34, 34]}),
    ],
)
async def test_rules_lead_from_expressions_to_paths(run, rules, expected):
    result = await run(mapping(*rules), body=SAM, vars={"rate": 2}, functions={"text": Text()})
    assert result.body == expected


async def test_the_older_name_of_the_rules_and_an_output(run):
    step = {"data.mapping": {"mappingRules": "firstName -> name", "output": "#{vars.result}"}}
    text = f"pipeline:\n  - {json.dumps(step)}\n  - body.set: '#{{vars.result.name}}'"
    assert (await run(text, body=SAM)).body == "Sam"


@pytest.mark.parametrize(
    ("rules", "words", "line"),
    [
        ("firstName", 'a rule must be "expression -> path"', 4),
        ("firstName -> name,\nage ->", 'a rule must be "expression -> path"', 5),
        ("firstName -> name\nage -> age", "separate rules by commas", 4),
        ("firstName -> name,\nage -> 5", "must be one such as", 5),
        ("firstName -> a.b(),", "must be one such as", 4),
    ],
)
def test_wrong_rules_are_told_before_the_run(registry, rules, words, line):
    indented = rules.replace("\n", "\n        ")
    text = f"pipeline:\n  - data.mapping:\n      rules: |\n        {indented}"
    with pytest.raises(ParameterError, match=words) as caught:
        parse_pipeline(text, registry)
    assert (caught.value.line, caught.value.step) == (line, 1)


def test_so_is_a_wrong_expression_with_its_column(registry):
    text = "pipeline:\n  - data.mapping:\n      rules: |\n        age -> a,\n        age + -> b"
    with pytest.raises(PelSyntaxError) as caught:
        parse_pipeline(text, registry)
    assert caught.value.line == 5


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (["age -> a", "age -> a.b"], r"a.b: 'b' needs a map before it, not a whole number"),
        (["age -> a.b", "age -> a[0]"], r"a\[0\]: 0 needs a list before it, not a map"),
        (["age -> a[1]"], r"the list has 0 items, so the next index is \[0\]"),
    ],
)
async def test_a_path_that_cannot_be_is_refused(run, rules, words):
    with pytest.raises(ParameterError, match=words):
        await run(mapping(*rules), body=SAM)


async def test_a_missing_field_is_told_at_its_rule(run):
    text = "pipeline:\n  - data.mapping:\n      rules: |\n        age -> a,\n        lastname -> b"
    with pytest.raises(PelEvaluationError, match="lastname") as caught:
        await run(text, body=SAM)
    assert (caught.value.line, caught.value.column) == (5, 9)


async def test_what_is_mapped_is_data(run):
    assert (await run(mapping("a -> b"), body={"a": "#{7*7}"})).body == {"b": "#{7*7}"}


@pytest.mark.parametrize("do", ["input.city = 'Los Angeles'", "#{ input.city = vars.city }"])
async def test_the_input_is_enriched(run, do):
    step = json.dumps({"data.enrich": {"input": {"zipCode": "90001"}, "do": do}})
    result = await run(f"pipeline:\n  - {step}", vars={"city": "Los Angeles"})
    assert result.body == {"zipCode": "90001", "city": "Los Angeles"}


async def test_so_is_the_body_and_json_in_a_text(run):
    text = "pipeline:\n  - data.enrich: {do: input.b = body}"
    assert (await run(text, body='{"a": 1}')).body == {"a": 1, "b": '{"a": 1}'}
