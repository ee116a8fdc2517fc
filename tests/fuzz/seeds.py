"""What fuzzing begins with, for each target; and what it once found, which must not come back."""

from __future__ import annotations

_PART = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
_FILE = (
    b'--x\r\nContent-Disposition: form-data; name="f"; filename="\xc3\xa4.csv"\r\n'
    b"Content-Type: text/csv; charset=latin1\r\n\r\na,b\r\n"
)

SEEDS: dict[str, list[bytes]] = {
    "multipart": [
        _PART + b"--x--\r\n",
        _FILE + _PART + b"--x--",
        b"preamble\r\n" + _FILE + b"--x --\r\n--x--\r\nepilogue",
    ],
    "ingest": [
        b'uuid=6936bd00-0000-4000-8000-000000000000&a=1%ff\napplication/json; charset=utf-16\n{"token": 1}',
        b"uuid=6936bd00-0000-4000-8000-000000000000?uuid=6936bd00-0000-4000-8000-000000000001%3F&b\n\n",
        b"a=%E9\napplication/x-www-form-urlencoded\na=1&b=%zz&_charset_=latin1",
        b"\nmultipart/form-data; boundary=x\n" + _FILE + b"--x--",
        b"\nmultipart/form-data; boundary*=utf-8''x\n" + _PART + b"--x--",
        b"\ntext/plain; charset=undefined\nabc",
    ],
    "paths": [b"x/%zz%ff/%2F%00", b"x//y/", b"%E4/x/", b"a?b#c"],
    "body_json": [
        b'{"a": [1, 2.5e308, -0.0, "\\ud800", null]}',
        b"\xef\xbb\xbf[1e999]",
        '"ä"'.encode("utf-16"),
        b"[" * 200,
    ],
    "frames": [b'\x00\x00\x00\x0d{"type":"hi"}body', b"\x00\x00\x00\x02[]", b"\xff\xff\xff\xff{}"],
    "pipelines": [
        b"pipeline:\n  - event.listen: {key: webhook.a, filter: '#{body.a == 1}'}\n  - body.set: '#{vars.x}'\n",
        b"headers: {retry: {times: 2}, timeout: 5}\nvars: {a: 1}\npipeline:\n  - if: '#{true}'\n  - log: a\n  - if.end:\n",
        b"pipeline:\n  - foreach: {in: '#{body}', as: x}\n  - body.set: \"\\u00e4 #{x}\"\n  - foreach.end:\n",
        b"datetime?format=dd.MM.yyyy|log",
        b"log=message:Hello;level:WARN&datetime",
        b'{"pipeline": [{"body.set": {"value": "a"}}]}',
        b'pipeline: "\\',
        b"a: &a [*a]",
    ],
    "expressions": [
        b"body.rows.?[n > 2].![s + 'x']",
        b"vars.a = {body, body}; vars.a == vars.a",
        b"'abc'.matches('(a+)+$') ? @text.length('x') : body?.b?.c",
        b"{1, 2.5, 'a'}.size() + 0x1F - 2L * 3 / 4 % 5 ^ 2",
        b"@date.format('2030-01-31', 'dd.MM.yyyy') + #this",
        b"body.a[0] between {1, 2} and not (body.b.d instanceof T(String))",
    ],
    "templates": [
        b"{% for row in rows %}{{ row.n }}: {{ row.s|upper }}{% else %}-{% endfor %}",
        b"{% macro m(x) %}{{ x }}{% endmacro %}{{ m(a)|length }} {{ rows|groupby('n')|list }}",
        b"<#list rows as row>${row.n?string}<#else>-</#list><#if b.d>${b.c!'x'}</#if>",
        b"{{ (a ~ b) * 3 }}{% set x = namespace(n=0) %}",
    ],
    "json_paths": [b"$.rows[?(@.n > 2 && @.s != 's4')].s", b"$..*[1:3:1]", b"$['b']['c'][0,-1]"],
    "xml": [
        b'<?xml version="1.0"?><a b="1">x<c/><![CDATA[y]]></a>\x00//a[@b="1"]/c | /a[position() < last()]',
        b'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>\x00string(//a)',
        b"<a xmlns:p='u'><p:b/></a>\x00//*[local-name()='b']",
    ],
    "dates": [
        b"2030-01-31T20:00:00Z\ndd.MM.yyyy HH:mm:ss.SSS zzz",
        b"31.01.2030 20:15\ndd.MM.yyyy HH:mm",
        b"1893456000000\nEEEE, d. MMMM yyyy 'um' h a XXX w W D",
        b"Thu, 31 Jan 2030 20:00:00 +0100\nyyyyMMdd'T'HHmmssZ",
    ],
    "numbers": [b"1,234.5\n#,##0.00", b"-1e400\n0.###E0", b"12%\n00.0%"],
}
