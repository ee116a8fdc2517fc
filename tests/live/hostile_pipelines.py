"""Pipelines that once stopped, filled or held the process in which they ran. None of them needs anything from outside."""

from __future__ import annotations

import json
from collections.abc import Mapping

_TEXT = "vars: {t: ''}\npipeline:\n  - set: {value: \"#{'x' * 2000000}\", output: vars.t}\n"


def _steps(*steps: Mapping[str, object] | str) -> str:
    return "pipeline:\n" + "".join(f"  - {step if isinstance(step, str) else json.dumps(step)}\n" for step in steps)


def _set(expression: str) -> dict[str, object]:
    return {"body.set": {"value": f"#{{{expression}}}"}}


_DOUBLE = {"body.set": {"value": ["#{body}", "#{body}"]}}
_NUMBERS = "@data.integerList(1, 40000)"
_DEEP: dict[str, object] = {
    "$ref": "#/definitions/n",
    "definitions": {"n": {"anyOf": [{"$ref": "#/definitions/n"}] * 3}},
}

HOSTILE: dict[str, str] = {
    "a list doubled 24 times": _steps({"body.set": [1]}, *[_DOUBLE] * 24),
    "a list doubled 40 times": _steps({"body.set": [1]}, *[_DOUBLE] * 40),
    "a variable doubled 45 times and printed": _steps(
        {"var.set": {"key": "a", "value": [1]}},
        *[{"eval": "vars.a = {vars.a, vars.a}"}] * 45,
        _set("vars.a.toString()"),
    ),
    "a text searched many times": _TEXT
    + "  - body.set: \"#{@data.integerList(1, 40).![@text.contains(#root.vars.t, 'xxxy')]}\"\n",
    "a text that grows": _TEXT + "  - body.set: \"#{@text.replaceAll(vars.t, 'x', vars.t)}\"\n",
    "a slow regular expression": _steps(_set("('a' * 30000) matches '(a|aa)+b'")),
    "unique items": _steps(
        _set("@data.integerList(1, 2500).![{a: #this}]"), {"json.validate": {"schema": {"uniqueItems": True}}}
    ),
    "a recursive schema": _steps(_set("{a: {a: {a: {a: 1}}}}"), {"json.validate": {"schema": _DEEP}}),
    "a template with loops": _steps(
        {
            "transform.template": {
                "template": "{% for a in range(600) %}{% for b in range(100) %}{{ a * b }}{% endfor %}{% endfor %}"
            }
        }
    ),
    "a sorted list": _steps({"eval": f"vars.l = {_NUMBERS}; vars.l.sort(null); vars.l.size()"}),
    "a long list in a long list": _steps(_set(f"{_NUMBERS}.containsAll({_NUMBERS})")),
    "a long text hashed many times": _TEXT
    + "  - body.set: '#{@hash.sha256(@data.integerList(1, 5000).![#root.vars.t])}'\n",
    "JSON that is nested deeply": _steps(_set("@json.load('[' * 250000)")),
    "a loop in a loop": "headers: {timeout: 1}\n"
    + _steps(
        f'foreach: {{in: "#{{{_NUMBERS}}}", as: a}}',
        f'foreach: {{in: "#{{{_NUMBERS}}}", as: b}}',
        "body.set: x",
        "foreach.end:",
        "foreach.end:",
    ),
    "a power": _steps(_set("@data.integerList(1, 200).![7 ^ 100000]")),
    "a log of long texts": _TEXT
    + '  - foreach: {in: "#{@data.integerList(1, 200)}", as: a}\n  - log: {message: "#{vars.t}"}\n  - foreach.end:\n',
    "YAML of aliases": "a: &a [x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(8))
    + "pipeline: [{body.set: x}]\n",
}
"""By what they do."""
