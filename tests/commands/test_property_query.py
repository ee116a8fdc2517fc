"""`property.query`, on properties of a real hub."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pfnb.commands.property_sql import query
from pfnb.exceptions import ParameterError, RunLimitError
from pfnb.language import User
from tests.commands.conftest import real_hub as hub

__all__ = ["hub"]

APP = "global/app/shop/data"
CUSTOMERS = [
    {"uuid": 2, "name": "Meyer", "age": 9, "vip": True, "tags": ["a", "b"], "address": 12},
    {"uuid": 5, "name": "Mertens", "age": 38, "vip": False, "tags": [], "address": 19},
    {"uuid": 7, "name": "ada", "age": None, "address": 99},
]
ADDRESSES = [{"uuid": 12, "city": "Lyon"}, {"uuid": 19, "city": "Oslo", "zip": {"main": "0150"}}]


@pytest.fixture(autouse=True)
async def shop(hub: Any) -> None:
    for number, customer in enumerate(CUSTOMERS):
        await hub.put_property(f"{APP}/customer/{number}", {"value": customer})
    for number, address in enumerate(ADDRESSES):
        await hub.put_property(f"{APP}/address/{number}", {"value": address})
    await hub.put_property(f"{APP}/note", {"value": "no JSON", "type": "text/plain"})


@pytest.fixture
def found(run: Any):
    async def found(select: str = "", where: str = "", of: str = f"{APP}/customer/*", **others: Any) -> Any:
        step = {"from": of, **({"select": select} if select else {}), **({"where": where} if where else {}), **others}
        return (await run(json.dumps({"pipeline": [{"property.query": step}]}))).body

    return found


async def test_a_condition_on_json_selects_and_orders(found):
    assert await found(
        "value::json ->> 'name'", "value::json ->> 'name' LIKE 'M%' ORDER BY value::json ->> 'name'"
    ) == [
        "Mertens",
        "Meyer",
    ]
    assert await found("value::jsonb", "(value::jsonb ->> 'age')::int > 10") == [CUSTOMERS[1]]


async def test_numbers_are_compared_as_numbers_and_what_cannot_be_compared_is_refused(found):
    assert await found("value::json -> 'age'", "(value::json ->> 'age')::int < 10") == [9]
    with pytest.raises(ParameterError, match=r"compares number with text.*::int"):
        await found("value::json", "value::json ->> 'age' > 10")
    with pytest.raises(ParameterError, match="compares number with text"):
        await found("value::json", "value::json ->> 'age' = :age", params={"age": 9})
    with pytest.raises(ParameterError, match="compares json with text"):
        await found("value::json", "value::json -> 'name' = 'Meyer'")
    with pytest.raises(ParameterError, match="neither ordered nor joined"):
        await found("value::json", "ORDER BY value::jsonb -> 'age'")
    with pytest.raises(ParameterError, match="'Meyer' is not an integer"):
        await found("(value::json ->> 'name')::int")


async def test_several_columns_give_lists_and_one_gives_values(found, hub):
    (first, *_) = await hub.list_properties(f"{APP}/customer/*")
    rows = await found("key, uuid, value::json", "ORDER BY key LIMIT 1")
    assert rows == [[first["path"], first["uuid"], CUSTOMERS[0]]]
    assert await found("count(*)") == [3]
    assert await found("min((value::json ->> 'age')::int), max(key)") == [[9, f"/pipeforce/default/{APP}/customer/2"]]
    assert await found("value::json ->> 'vip', count(*)", "GROUP BY 1 ORDER BY 1") == [
        ["false", 1],
        ["true", 1],
        [None, 1],
    ]


async def test_without_select_whole_properties_are_found(found, hub):
    rows = await hub.list_properties(f"{APP}/customer/*")
    assert await found() == rows == await found("*\n", "created > 0")
    both = await found(of=f"{APP}/customer/0 as a, {APP}/address/* AS b")
    assert [[one["path"][-10:] for one in row] for row in both] == [
        ["customer/0", "/address/0"],
        ["customer/0", "/address/1"],
    ]


async def test_properties_are_joined_and_merged(found):
    of = f"{APP}/customer/* as customer,\n{APP}/address/* as address"
    where = "customer.value::json ->> 'address' = address.value::json ->> 'uuid' AND address.value::json ->> 'city' = 'Oslo'"
    assert await found("customer.value::json as a, address.value::json as b", where, of) == [
        [CUSTOMERS[1], ADDRESSES[1]]
    ]
    merged = await found("jsonb_set(customer.value::jsonb, '{home}', address.value::jsonb)", where, of)
    assert merged == [{**CUSTOMERS[1], "home": ADDRESSES[1]}]
    named = await found("jsonb_set(customer.value::jsonb, '{key}', to_jsonb(customer.key))", where, of)
    assert named == [{**CUSTOMERS[1], "key": f"/pipeforce/default/{APP}/customer/1"}]


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ("""'{"a b": {"c.d": 1}}'::json -> 'a b' ->> 'c.d'""", "1"),
        ("""'["x", "y"]'::json -> 1""", "y"),
        ("""'["x", "y"]'::jsonb -> -1""", "y"),
        ("""'{"1": "name"}'::json -> '1'""", "name"),
        ("""'{"a": [{"b": 1}, {"b": 2}]}'::jsonb #> '{a, 1}'""", {"b": 2}),
        ("""'{"a": [{"b": 1}, {"b": 2}]}'::jsonb #>> '{a, 1, b}'""", "2"),
        ("""'{"a": null}'::jsonb ? 'a'""", True),
        ("""'{"a": 1}'::jsonb ? 'b'""", False),
        ("""'{"a": [1, 2], "b": 1}'::jsonb @> '{"a": [2]}'""", True),
        ("""'{"a": 1}'::json ->> 'missing'""", None),
        ("to_jsonb('say \"x\"'::text)", 'say "x"'),
        ("json_array_length('[0, 1, 2]'::json)", 3),
        ("""jsonb_strip_nulls('{"a": 1, "b": null, "c": [null]}'::jsonb)""", {"a": 1, "c": [None]}),
        ("""jsonb_set('{"a": [1]}'::jsonb, '{a, 0}', '"x"'::jsonb)""", {"a": ["x"]}),
        ("""jsonb_set('{"a": 1}'::jsonb, '{b}', '2', false)""", {"a": 1}),
        ("json_build_object('key', 'x', 'is', true, 'n', null)", {"key": "x", "is": True, "n": None}),
        ("json_agg(value::json -> 'uuid')", [2]),
        ("'Ada' ILIKE 'a%'", True),
        ("'Ada' LIKE 'a%'", False),
        ("'Ada' ~ '^A.a$'", True),
        ("(value::json ->> 'vip')::boolean", True),
        ("""'{"$.a": 1, "": 2}'::json -> '$.a'""", 1),
        ("""'{"$.a": 1, "": 2}'::json -> ''""", 2),
        ("""'{"a[0]": 1, "*": 2}'::json -> 'a[0]'""", 1),
        ("""'{"a[0]": 1, "*": 2}'::json -> '*'""", 2),
    ],
)
async def test_operators_and_functions_of_json(found, select, expected):
    (value,) = await found(select, of=f"{APP}/customer/0")
    assert value == expected
    assert type(value) is type(expected)


async def test_only_properties_of_the_type_are_read(found):
    assert await found("count(*)", of=f"{APP}/**") == [5]
    assert await found("value", of=f"{APP}/**", type="text/plain") == ["no JSON"]
    assert await found("count(*)", of=f"{APP}/**", type="*") == [6]
    with pytest.raises(ParameterError, match="'no JSON' is not JSON"):
        await found("value::json", of=f"{APP}/note", type="*")


async def test_what_others_own_is_not_found(run, hub):
    other = hub.as_user(User("bob", frozenset({"CAN_PIPE_*"})))
    await other.put_property(f"{APP}/customer/9", {"value": {"name": "theirs"}})
    step = {"property.query": {"from": f"{APP}/customer/*", "select": "count(*)"}}
    assert (await run(json.dumps({"pipeline": [step]}))).body == [3]


async def test_a_param_is_a_value_never_sql(found):
    hostile = "x' OR '1'='1"
    assert await found("value::json", "value::json ->> 'name' = :name", params={"name": hostile}) == []
    with pytest.raises(ParameterError, match=":name, which is not in params"):
        await found("value::json", "value::json ->> 'name' = :name")
    with pytest.raises(ParameterError, match="name must be a text, a number"):
        await found("value::json", "key = :name", params={"name": ["a"]})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"select": "value::json ->"}, "is not SQL"),
        ({"select": "1; DROP TABLE property"}, "is not SQL"),
        ({"where": "1 = 1; DROP TABLE property"}, "one SELECT"),
        ({"where": "1 = 1 UNION SELECT 1"}, "one SELECT"),
        ({"select": '"Ada"'}, "a property has no Ada"),
        ({"select": "load_extension('x')"}, "cannot be run"),
        ({"select": "name", "where": "1 = (SELECT 1 FROM sqlite_master)"}, "has no name"),
        ({"select": "(SELECT max(type) FROM sqlite_master)"}, "cannot be run"),
        ({"select": "value::xml"}, "::xml is not possible"),
        ({"select": "randomblob(1000000000)"}, "cannot be run"),
        ({"of": f"{APP}/a, {APP}/b"}, "needs a name of its own"),
        ({"of": f"{APP}/a as x, {APP}/b as X"}, "needs a name of its own"),
        ({"of": ", "}, "must be a pattern"),
        ({"of": f"{APP}/a as sqlite_a, {APP}/b as index"}, "cannot be run"),
        ({"of": "/elsewhere/**"}, "outside the namespace"),
        ({"select": "((" * 3000}, "is not SQL"),
        ({"dialect": "mysql"}, "dialect"),
    ],
)
async def test_what_is_no_query_is_refused_with_a_reason(found, given, message):
    with pytest.raises(ParameterError, match=message):
        await found(**given)


def test_half_a_character_in_a_parameter_is_an_error_with_a_reason() -> None:
    with pytest.raises(ParameterError, match="cannot be run"):
        query({"property": []}, "key", "key = :key", {"key": "\ud800"})


async def test_a_query_that_takes_too_long_is_ended(found, hub):
    for number in range(60):
        await hub.put_property(f"{APP}/customer/{number}", {"value": {"n": number}})
    names = ", ".join(f"{APP}/customer/* as t{number}" for number in range(5))
    with pytest.raises(RunLimitError):
        await found("count(*)", "t0.value <> t1.value AND t2.value <> t3.value AND t4.value <> t0.value", names)
    with pytest.raises(ParameterError, match="more than 10,000 rows"):
        await found("t0.key", "", ", ".join(f"{APP}/customer/* as t{number}" for number in range(3)))
