"""Reading by dot and by index, and what a missing key says."""

import pytest

from pfnb.exceptions import PelEvaluationError, PelSyntaxError
from pfnb.language.pel import evaluate


def scope():
    return {
        "vars": {"order": {"id": 7, "lines": [{"sku": "x1"}, {"sku": None}]}, "key": "id", "gone": None, "größe": 4},
        "body": {"first-name": "Ada", "size": "XL", "lt": "less", "text": "héllo"},
        "headers": {"contentType": "application/json"},
    }


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("vars.order.id", 7),
        ("vars . order\n .id", 7),
        ("vars.order['id']", 7),
        ("vars.order[id]", 7),
        ("vars.order[vars.key]", 7),
        ("vars.order['nothing']", None),
        ("vars.order.lines[0].sku", "x1"),
        ("vars.order.lines['0'].sku", "x1"),
        ("vars.order.lines[0.9].sku", "x1"),
        ("body['first-name']", "Ada"),
        ("body.size", "XL"),
        ("body.lt", "less"),
        ("body.text[1]", "é"),
        ("vars.größe", 4),
        ("headers.contentType", "application/json"),
        ("#root.vars.order.id", 7),
        ("#this.size()", 3),
        ("['vars']['key']", "id"),
        ("vars.order.lines.empty", False),
        ("''.empty", True),
        ("{10, 20, 30}[1]", 20),
        ("{a: {b: 5}}.a.b", 5),
        ("{1: 'one'}[1]", "one"),
        ("{true: 1, 'a b': 2, (vars.key): 3}", {True: 1, "a b": 2, "id": 3}),
    ],
)
def test_reading(expression, value):
    assert evaluate(expression, scope()) == value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("vars.gone?.name", None),
        ("vars.gone?.name?.length()", None),
        ("vars.order?.coupon", None),
        ("vars.order?.coupon ?: 'none'", "none"),
        ("vars.order.lines[1].sku?.toUpperCase()", None),
        ("vars.gone?.?[x > 1]", None),
        ("vars.gone?.![x]", None),
    ],
)
def test_safe_steps_answer_null(expression, value):
    assert evaluate(expression, scope()) == value


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("vars.ordr", "did you mean 'order'"),
        ("body.Size", "did you mean 'size'"),
        ("order.id", "did you mean 'vars.order'"),
        ("vars.order.keySet", r"did you mean the method keySet\(\)"),
        ("vars.order.zzz", "available: 'id', 'lines'"),
        ("vars.gone.name", r"write \?\. where it may be null"),
        ("vars.gone?.name.first", "cannot be read from null"),
        ("vars.gone[0]", "null has no index"),
        ("vars.key.name", "a text has no 'name'"),
        ("vars.key?.name", "a text has no 'name'"),
        ("vars.order.lines.sku", "a list has no 'sku'"),
        ("vars.order.lines[2]", "no index 2 in a list of 2"),
        ("vars.order.lines[-1]", "no index -1"),
        ("vars.order.lines['x']", "not a whole number"),
        ("vars.order.id[0]", "cannot be used with this index"),
        ("{{1}: 2}", "cannot be the key"),
    ],
)
def test_what_is_not_there_is_named(expression, message):
    with pytest.raises(PelEvaluationError, match=message):
        evaluate(expression, scope())


@pytest.mark.parametrize("expression", ["vars.", "vars..x", ".vars", "vars.[0]", "vars.1", "vars[0", "vars[]", "a b"])
def test_broken_paths_are_syntax_errors(expression):
    with pytest.raises(PelSyntaxError):
        evaluate(expression, scope())


def test_errors_do_not_tell_values():
    data = {"vars": {"secret": "hunter2"}, "body": None, "headers": {}}
    for expression in ("vars.secrt", "vars.secret.x", "vars.secret.x()", "vars.secret and true", "{1}[vars.secret]"):
        with pytest.raises(PelEvaluationError) as caught:
            evaluate(expression, data)
        assert "hunter2" not in str(caught.value)
