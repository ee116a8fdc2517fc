"""CSV and XML as JSON and back; bombs refused."""

import json
import time

import pytest

from pfnb.commands.formats import csv
from pfnb.exceptions import ParameterError
from pfnb.language import ANONYMOUS
from pfnb.language import xml_document as xml
from tests.commands.conftest import real_hub as hub

__all__ = ["hub"]

PEOPLE = '"firstName","lastName","age"\n"Max","Smith","38"\n"Susann","Mayr Wan","44"\n'
ROWS = [["Max", "Smith", "38"], ["Susann", "Mayr Wan", "44"]]
HEADERS = ["firstName", "lastName", "age"]


def step(command, **given):
    return "pipeline:\n  - " + json.dumps({command: given})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"columnsCount": 3, "rowsCount": 2, "headers": HEADERS, "rows": ROWS}),
        ({"showHeadersField": False}, {"columnsCount": 3, "rowsCount": 3, "rows": [HEADERS, *ROWS]}),
        (
            {"showHeadersField": False, "showColumnsCountField": "false", "showRowsCountField": False},
            {"rows": [HEADERS, *ROWS]},
        ),
        (
            {"rowsFormat": "objects"},
            {
                "columnsCount": 3,
                "rowsCount": 2,
                "headers": HEADERS,
                "rows": [dict(zip(HEADERS, row, strict=True)) for row in ROWS],
            },
        ),
        ({"hasHeadersLine": False}, {"columnsCount": 3, "rowsCount": 3, "rows": [HEADERS, *ROWS]}),
    ],
)
async def test_csv_as_documented(run, given, expected):
    assert (await run(step("transform.csv.json", **given), body=PEOPLE, user=ANONYMOUS)).body == expected


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (PEOPLE[:-2], ROWS),  # the documentation's own example lacks its last quote
        ("\ufeff" + PEOPLE.replace("\n", "\r\n"), ROWS),
        ("a,b\n\n1,2\n", [["1", "2"]]),
        ('a\n"x\ny ""z"", #{7*7}"', [['x\ny "z", #{7*7}']]),
        ("", []),
        ("a,b", []),
    ],
)
async def test_csv_as_it_comes(run, text, rows):
    assert (await run(step("transform.csv.json"), body=text)).body["rows"] == rows


async def test_a_list_in_lines_and_another_delimiter(run):
    text = step("transform.csv.json", input="1;2\n3;4", hasHeadersLine=False, delimiter=";", output="vars.a")
    text += "\n  - " + json.dumps({"transform.csv2json": {"input": "row1\nrow2\n", "hasHeadersLine": False}})
    text += '\n  - body.set: ["#{vars.a.rows}", "#{body.rows}"]'
    assert (await run(text)).body == [[["1", "2"], ["3", "4"]], [["row1"], ["row2"]]]


async def test_a_csv_file_in_its_charset(run, hub):
    body = await hub.put_content(
        "name\nJürgen".encode("latin-1"), name="a.csv", content_type="text/csv; charset=latin1"
    )
    assert (await run(step("transform.csv.json"), body=body)).body["rows"] == [["Jürgen"]]


@pytest.mark.parametrize(
    ("body", "given", "words"),
    [
        ("a\n" + "," * 20_000, {}, "line 2 of the CSV: there are more than 10,000 columns"),
        ("a,a\n1,2", {"rowsFormat": "objects"}, "the header 'a' occurs twice"),
        ("a\n1,2", {"rowsFormat": "objects"}, "row 1 has 2 cells, but there are 1 headers"),
        ("a", {"rowsFormat": "objects", "hasHeadersLine": False}, "need a line of headers"),
        ("a", {"delimiter": "::"}, "delimiter"),
        ("a\n" + "x" * 200_000, {}, "line 2 of the CSV: field larger"),
        (5, {}, "expected a text or a file, not a whole number"),
        (None, {}, "expected a text or a file, not null"),
    ],
)
async def test_csv_that_is_refused(run, body, given, words):
    with pytest.raises(ParameterError, match=words):
        await run(step("transform.csv.json", **given), body=body)


async def test_cells_without_end_are_refused(run, monkeypatch):
    monkeypatch.setattr(csv, "MAX_CELLS", 5)
    with pytest.raises(ParameterError, match="line 3 of the CSV: there are more than 5 cells"):
        await run(step("transform.csv.json"), body="a,b\n1,2\n3,4")


async def test_missing_cells_are_null(run):
    body = (await run(step("transform.csv.json", rowsFormat="objects"), body="a,b\n1")).body
    assert body["rows"] == [{"a": "1", "b": None}]


def element(children=(), /, **attributes):
    return {"attributes": attributes, "children": list(children)}


MIXED = {"text": element(["This is a ", {"b": element(["bold"])}, " formatted word."])}
NAMESPACES = {
    "foo:person": {
        "attributes": {"xmlns:foo": "http://some.ns"},
        "children": [{"foo:firstName": {"attributes": {"foo:age": "23"}, "children": []}}],
    }
}
DOCUMENTS = [
    ("<root/>", {"root": element()}),
    ('<person age="23"/>', {"person": element(age="23")}),
    ("<text>This is a <b>bold</b> formatted word.</text>", MIXED),
    ('<foo:person xmlns:foo="http://some.ns"><foo:firstName foo:age="23"/></foo:person>', NAMESPACES),
    (
        "<?someInstruction someParams?>\n<root/>",
        {"processing-instructions": {"someInstruction": "someParams"}, "root": element()},
    ),
    ("<a>&lt;b&gt; &amp; #{7*7}</a>", {"a": element(["<b> & #{7*7}"])}),
]


@pytest.mark.parametrize(("document", "expected"), DOCUMENTS)
async def test_xml_becomes_json_and_xml_again(run, document, expected):
    assert (await run(step("transform.xml.json"), body=document, user=ANONYMOUS)).body == expected
    assert (await run(step("transform.json.xml"), body=expected, user=ANONYMOUS)).body == document


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("<a>\n  <b/>\n</a>\n", {"a": element([{"b": element()}])}),
        ("<?xml version='1.0' encoding='ISO-8859-1'?><a><!-- no --><![CDATA[<ü>]]></a>", {"a": element(["<ü>"])}),
    ],
)
async def test_what_xml_has_and_json_has_not(run, document, expected):
    assert (await run(step("transform.xml.json", input=document))).body == expected


async def test_an_xml_file_in_its_own_encoding(run, hub):
    data = "<?xml version='1.0' encoding='ISO-8859-1'?><a>ü</a>".encode("latin-1")
    body = await hub.put_content(data, name="a.xml", content_type="application/xml")
    assert (await run(step("transform.xml.json"), body=body)).body == {"a": element(["ü"])}


BOMB = "<!DOCTYPE a [{}]><a>&b9;</a>".format(
    "<!ENTITY b0 'x'>" + "".join(f"<!ENTITY b{n} '{f'&b{n - 1};' * 10}'>" for n in range(1, 10))
)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (BOMB, "document type or entities"),
        ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "document type or entities"),
        ('<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>', "document type or entities"),
        ("<a>&nbsp;</a>", "line 1 of the XML: undefined entity"),
        ("<a>\n<b></a>", "line 2 of the XML: mismatched tag"),
        ("", "line 1 of the XML: no element found"),
        ("<a>" * 101, "nested deeper than 100"),
        ("<?xml version='1.0' encoding='nonsense'?><a/>", None),
        ({"a": 1}, "expected a text or a file, not a map"),
    ],
)
async def test_xml_that_is_refused_at_once(run, body, words):
    began = time.monotonic()
    if words is None:
        assert (await run(step("transform.xml.json"), body=body)).body == {"a": element()}
    else:
        with pytest.raises(ParameterError, match=words):
            await run(step("transform.xml.json"), body=body)
    assert time.monotonic() - began < 5


async def test_elements_without_end_are_refused(run, monkeypatch):
    monkeypatch.setattr(xml, "MAX_ELEMENTS", 3)
    with pytest.raises(ParameterError, match="line 1 of the XML: elements are more than 3"):
        await run(step("transform.xml.json"), body="<a><b/><b/><b/></a>")


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (
            {"person": {"firstName": "Max"}},
            ["<root>", "  <person>", "    <firstName>Max</firstName>", "  </person>", "</root>"],
        ),
        (
            '{"person": {"firstName": "Max", "hobbies": ["Reading", "Binking", "Swiming"]}}',
            [
                "<root>",
                "  <person>",
                "    <firstName>Max</firstName>",
                "    <hobbies>Reading</hobbies>",
                "    <hobbies>Binking</hobbies>",
                "    <hobbies>Swiming</hobbies>",
                "  </person>",
                "</root>",
            ],
        ),
        ([1.5, None, True], ["<root>", "  <item>1.5</item>", "  <item/>", "  <item>true</item>", "</root>"]),
        ({"a": [[1]], "b": {}}, ["<root>", "  <a>", "    <item>1</item>", "  </a>", "  <b/>", "</root>"]),
        ("5", ["<root>5</root>"]),
        ({"a": "<b> & #{7*7}"}, ["<root>", "  <a>&lt;b&gt; &amp; #{7*7}</a>", "</root>"]),
    ],
)  # fmt: skip
async def test_other_json_becomes_elements_within_root(run, body, lines):
    assert (await run(step("transform.json.xml"), body=body)).body == "\n".join(lines)


async def test_attributes_may_be_a_list_of_maps(run):
    body = {"person": {"attributes": [{"age": 23}, {"name": 'A"d'}], "children": []}}
    assert (await run(step("transform.json.xml"), body=body)).body == '<person age="23" name=\'A"d\'/>'


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"first name": 1}, "'first name' cannot be a name in XML"),
        ({"a><script": 1}, "cannot be a name in XML"),
        ({"a": "\x00"}, r"XML cannot have the character U\+0000"),
        ({"a": element([{"b": 1}])}, "must be texts, numbers and elements"),
        ({"a": element(**{"b c": 1})}, "'b c' cannot be a name"),
        ({"processing-instructions": {"a": "?><evil/>"}, "b": element()}, r"cannot have \?>"),
        ("no JSON", "not JSON"),
    ],
)
async def test_json_that_xml_cannot_hold_is_refused(run, body, words):
    with pytest.raises(ParameterError, match=words):
        await run(step("transform.json.xml"), body=body)
