"""Inputs that once took seconds, gigabytes or all threads of the process that runs pipelines."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any

from pfnb.outbound.content import Content, FileContent


@dataclass(frozen=True)
class Hostile:
    """A pipeline's steps, and one request to it."""

    name: str
    steps: tuple[str, ...]
    content: Content


def _json(name: str, payload: Any, *steps: str) -> Hostile:
    return Hostile(name, steps, Content("application/json", json.dumps(payload).encode()))


def _text(name: str, payload: str, *steps: str) -> Hostile:
    return Hostile(name, steps, Content("text/plain", payload.encode()))


def _file(name: str, content_type: str, data: bytes, *steps: str) -> Hostile:
    return Hostile(name, steps, Content.form([FileContent("file", content_type, data)], {}))


def _value(expression: str) -> str:
    return json.dumps({"body.set": {"value": f"#{{{expression}}}"}})


def _command(name: str, **parameters: Any) -> str:
    return json.dumps({name: parameters})


def _validate(schema: Any) -> str:
    return _command("json.validate", schema=schema, input="#{body.payload}")


def _nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"a": value}
    return value


def _branching(keyword: str) -> dict[str, Any]:
    inner = {"type": "object", "properties": {"a": {"$ref": "#/definitions/n"}}, "required": ["missing"]}
    if keyword == "allOf":
        inner = {"properties": {"a": {"$ref": "#/definitions/n"}}}
    return {"$ref": "#/definitions/n", "definitions": {"n": {keyword: [inner, {**inner}, {**inner, "title": "x"}]}}}


def _bomb(files: int, size: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for number in range(files):
            archive.writestr(f"{number}", b"\0" * size)
    return buffer.getvalue()


_HALF_MB = 500_000
_WIDE = ",".join(f"c{number}" for number in range(10_000)) + "\n" + "x\n" * 200_000
_ELEMENTS = "<r>" + "<a><b/></a>" * 40_000 + "</r>"
_ATTRIBUTES = "<r " + " ".join(f'a{number}=""' for number in range(50_000)) + "/>"
_ENTITIES = (
    '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]><r>&j;</r>"
)
_PEOPLE = [{"id": number, "name": f"n{number}"} for number in range(3_000)]
_PAYLOAD = "body.payload"

HOSTILE = [
    _text("csv to objects", _WIDE, _command("transform.csv.json", input="#{body.payload}", rowsFormat="objects")),
    _text(
        "csv of commas",
        "," * 9_999 + ("\n" + "," * 9_999) * 49,
        _command("transform.csv.json", input="#{body.payload}"),
    ),
    _text(
        "csv of lines", "a\n" * 250_000, _command("transform.csv.json", input="#{body.payload}", rowsFormat="objects")
    ),
    _file(
        "csv in punycode",
        "text/csv; charset=punycode",
        b"a" * _HALF_MB + b"-" + b"b" * 3000,
        _command("transform.csv.json", input="#{body.payload.children[0]}"),
    ),
    _file(
        "text in punycode",
        "text/plain; charset=punycode",
        b"a" * _HALF_MB,
        _value("@content.load(body.payload.children[0])"),
    ),
    _json("json.validate with recursive anyOf", _nested(60), _validate(_branching("anyOf"))),
    _json("json.validate with recursive allOf", _nested(60), _validate(_branching("allOf"))),
    _json("json.validate with recursive oneOf", _nested(60), _validate(_branching("oneOf"))),
    _json(
        "json.validate with a slow pattern",
        {"a" * 200 + "!" * n: 1 for n in range(500)},
        _validate({"patternProperties": {"^(a+)+$": {"type": "string"}}}),
    ),
    _json("json.validate with unique items", [[n, [n, [n]]] for n in range(20_000)], _validate({"uniqueItems": True})),
    _json(
        "json.validate that shows everything",
        list(range(60_000)),
        _validate({"anyOf": [{"anyOf": [{"type": "string"}] * 50}] * 50}),
    ),
    _json(
        "json.validate with contains",
        list(range(60_000)),
        _validate({"allOf": [{"contains": {"enum": [str(n) for n in range(300)]}}] * 20}),
    ),
    _json(
        "@text.contains with a long list",
        {"text": "a" * 250_000, "words": ",".join(["ab"] * 80_000)},
        _value("@text.contains(body.payload.text, body.payload.words)"),
    ),
    _json(
        "data.list.iterate over two lists",
        _PEOPLE,
        _command(
            "data.list.iterate",
            listA="#{body.payload}",
            listB="#{body.payload}",
            where="itemA.id == itemB.name",
            do="itemA.x = 1",
        ),
    ),
    _json(
        "data.list.filter with a pattern",
        ["a" * 30 + "!"] * 12_000,
        _command("data.list.filter", input="#{body.payload}", exclude="item matches '(a+)+b'"),
    ),
    _text("XPath that counts", _ELEMENTS, _value("@xml.xpath(body.payload, '//*[count(//*) > 1]')")),
    _text("XPath that compares", _ELEMENTS, _value("@xml.xpathAsText(body.payload, '//a[. = //b][. = //a]')")),
    _text(
        "XPath of functions",
        _ELEMENTS,
        _value("@xml.xpathAsText(body.payload, 'string-length(translate(//a, //b, //a))')"),
    ),
    _text(
        "XML of many elements",
        "<r>" + "<a/>" * 125_000 + "</r>",
        _command("transform.xml.json", input="#{body.payload}"),
    ),
    _text("XML of many attributes", _ATTRIBUTES, _command("transform.xml.json", input="#{body.payload}")),
    _text("XML of entities", _ENTITIES, _command("transform.xml.json", input="#{body.payload}")),
    _json("XML written of many values", [[[]] * 10] * 12_000, _command("transform.json.xml", input="#{body.payload}")),
    _json("JSONPath that descends", _PEOPLE, _value("@json.path(body.payload, '$..*..*..*')")),
    _json("JSONPath with slices", list(range(70_000)), _value("@json.path(body.payload, '$[?(@ == $[0:70000][1])]')")),
    _json(
        "JSONPath that descends in a filter", _PEOPLE, _value("@json.path(body.payload, '$[?($..nothing == @.id)]')")
    ),
    _text("a slow regular expression", "a" * _HALF_MB, _value("body.payload matches '(a|aa)+b'")),
    _text("a text that grows", "a" * 100_000, _value("@text.replaceAll(body.payload, 'a', body.payload)")),
    _text("@text.toHtml of ampersands", "&" * _HALF_MB, _value("@text.toHtml(body.payload.repeat(16))")),
    _text("@text.toAlphaNumeric of 8 MB", "é?" * 125_000, _value("@text.toAlphaNumeric(body.payload.repeat(30))")),
    _text(
        "equalsIgnoreCase of 8 MB",
        "é" * 250_000,
        _value("body.payload.repeat(30).equalsIgnoreCase(body.payload.repeat(30) + 'x')"),
    ),
    _text("emoji counted as Java does", "😀" * 120_000, _value("@text.length(body.payload.repeat(60))")),
    _text("@convert.fromBase64 of spaces", "ab " * 160_000, _value("@convert.fromBase64(body.payload.repeat(16))")),
    _json(
        "a sorted list",
        [str(n * 7919 % 50_001) for n in range(45_000)],
        _command("eval", expr="vars.l = body.payload; vars.l.sort(null); vars.l.size()"),
    ),
    _json("containsAll of long lists", [[n] for n in range(20_000)], _value("body.payload.containsAll(body.payload)")),
    _json(
        "@list.contains of long lists",
        [[n] for n in range(900)],
        _value("@list.contains(body.payload, body.payload.![{#this, 1}])"),
    ),
    _json("@calc.sum of many numbers", ["1.5"] * 60_000, _value("@calc.sum(body.payload)")),
    _text(
        "@hash of a long text many times",
        "a" * _HALF_MB,
        _value("@hash.sha256(@data.integerList(1, 5000).![#root.body.payload])"),
    ),
    _text(
        "@text.concat of a long text many times",
        "a" * _HALF_MB,
        _value("@text.concat('', @data.integerList(1, 5000).![#root.body.payload])"),
    ),
    _text("JSON of empty lists", "[" + "[]," * 160_000 + "[]]", _value("@json.load(' ' + body.payload).size()")),
    _text("JSON that is nested deeply", "[" * 250_000, _value("@json.load(body.payload)")),
    _text("a date of 500 kB", "1" * _HALF_MB, _value("@date.guessAndFormat(body.payload, 'yyyy')")),
    _text("a number of 500 kB", "1 " * 250_000, _value("@convert.toInteger(body.payload)")),
    _file("unzip of a bomb", "application/zip", _bomb(32, 1024 * 1024), _value("body.payload.children[0]"), "unzip:"),
    _file("unzip of many entries", "application/zip", _bomb(4_000, 0), _value("body.payload.children[0]"), "unzip:"),
]
