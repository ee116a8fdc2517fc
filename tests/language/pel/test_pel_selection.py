"""`?[…]`, `^[…]`, `$[…]` and `![…]` over lists and maps."""

import pytest

from pfnb.exceptions import PelEvaluationError, PelSyntaxError
from pfnb.language.pel import evaluate

SCOPE = {
    "vars": {
        "limit": 10,
        "parts": [
            {"sku": "bolt", "stock": 40, "tags": ["m4"]},
            {"sku": "nut", "stock": 5, "tags": []},
            {"sku": "gear", "stock": 12, "tags": ["m4", "steel"]},
        ],
        "stock": {"bolt": 40, "nut": 5},
        "gone": None,
    },
    "body": [3, None, 8],
    "headers": {},
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("vars.parts.?[stock > 10].![sku]", ["bolt", "gear"]),
        ("vars.parts.?[stock > #root.vars.limit].size()", 2),
        ("vars.parts.?[tags.contains('steel')][0].sku", "gear"),
        ("vars.parts.^[stock < 20].sku", "nut"),
        ("vars.parts.$[stock < 20].sku", "gear"),
        ("vars.parts.^[stock > 99]", None),
        ("vars.parts.?[sku.startsWith('b')].![stock + 1]", [41]),
        ("vars.parts.![{id: sku, n: tags.size()}][2]", {"id": "gear", "n": 2}),
        ("vars.parts.![tags.![toUpperCase()]]", [["M4"], [], ["M4", "STEEL"]]),
        ("body.?[#this != null]", [3, 8]),
        ("body.![#this ?: 0]", [3, 0, 8]),
        ("vars.stock.?[value < 10]", {"nut": 5}),
        ("vars.stock.$[true]", {"nut": 5}),
        ("vars.stock.?[key == 'none']", {}),
        ("vars.stock.![key + '=' + value]", ["bolt=40", "nut=5"]),
        ("{}.![x]", []),
        ("![key]", ["vars", "body", "headers"]),
        ("'b,a'.split(',').![#this * 2]", ["bb", "aa"]),
    ],
)
def test_selecting(expression, value):
    assert evaluate(expression, SCOPE) == value


def test_outside_names_are_reached_through_the_root_only():
    with pytest.raises(PelEvaluationError, match="no key 'vars'"):
        evaluate("vars.parts.?[stock > vars.limit]", SCOPE)


@pytest.mark.parametrize("condition", ["1", "'true'", "null", "stock"])
def test_a_selection_wants_a_real_boolean(condition):
    with pytest.raises(PelEvaluationError, match="must be true or false"):
        evaluate(f"vars.parts.?[{condition}]", SCOPE)


@pytest.mark.parametrize("expression", ["vars.limit.?[true]", "'text'.![#this]", "vars.gone.?[true]", "vars.gone.![x]"])
def test_only_lists_and_maps_are_selected_from(expression):
    with pytest.raises(PelEvaluationError, match="needs a list or a map"):
        evaluate(expression, SCOPE)


@pytest.mark.parametrize("expression", ["body.?[]", "body.![", "body.? [true]", "body?[true]", "body.^^[true]"])
def test_broken_selections_are_syntax_errors(expression):
    with pytest.raises(PelSyntaxError):
        evaluate(expression, SCOPE)


def test_the_data_is_not_changed_by_selecting():
    parts = [dict(part) for part in SCOPE["vars"]["parts"]]
    evaluate("vars.parts.?[stock > 10].![stock * 2]", SCOPE)
    assert SCOPE["vars"]["parts"] == parts
