"""What Python functions answer with `pfnb.Response`, in a real kernel."""

from __future__ import annotations

import json

import httpx
import pytest


def asked(kernel, key, **given):
    """The answer to a stranger who waits."""
    url = kernel.ok(f"%webhook put eventKey={key} payloadType=raw\nprint(pfnb.webhook({key!r}).url)").stdout.split()[-1]
    return httpx.post(f"{url}&wait=true", trust_env=False, timeout=30, **given)


@pytest.mark.parametrize(
    ("returned", "status", "content", "kind"),
    [
        ("201, 'made'", 201, b"made", "text/plain; charset=utf-8"),
        ("200, {'type': 1}", 200, b'{"type":1}', "application/json"),
        ("200, [1, None]", 200, b"[1,null]", "application/json"),
        ("200, b'\\x00\\xff'", 200, b"\x00\xff", "application/octet-stream"),
        ("200, bytearray(b'<a/>'), {'Content-Type': 'text/xml'}", 200, b"<a/>", "text/xml"),
        ("401", 401, b"", "text/plain; charset=utf-8"),
        ("200, ''", 200, b"", "text/plain; charset=utf-8"),
        ("200, event.files[0]", 200, b"my life", "text/csv"),
        ("200, event.files[0], {'content-type': 'text/plain'}", 200, b"my life", "text/plain"),
        ("200, body['payload']['children'][0]", 200, b"my life", "text/csv"),
        ("200, saved", 200, b"in a file", "text/markdown"),
    ],
)
def test_a_listener_answers_exactly_with_what_it_returns(shared, returned, status, content, kind):
    shared.ok(
        "import pathlib, tempfile\nsaved = pathlib.Path(tempfile.mkdtemp()) / 'a.md'\n_ = saved.write_text('in a file')\n"
        "@pfnb.on('respond.all')\ndef responds(event, body):\n"
        f"    return pfnb.Response({returned})"
    )
    answer = asked(shared, "respond.all", files={"file": ("a.csv", b"my life", "text/csv")})
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (status, content, kind)


def test_a_listener_redirects_and_sets_cookies(shared):
    shared.ok(
        "@pfnb.on('respond.redirect')\nasync def redirects():\n"
        "    return pfnb.Response(303, headers={'Location': '/thanks'}, cookies={'seen': 1})"
    )
    answer = asked(shared, "respond.redirect")
    assert (answer.status_code, answer.headers["location"]) == (303, "/thanks")
    assert answer.headers["set-cookie"].startswith("seen=1; HttpOnly; SameSite=Lax; Path=/pfnb/")


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ("302", "needs the header Location"),
        ("200, 'a', {'X-A': 'a\\nb'}", "X-A cannot have line breaks"),
        ("'made'", "the status of a response must be a number from 200 to 599, not of the type str"),
        ("200, object()", "type object, which JSON cannot represent"),
        ("200, pathlib.Path('/no/such/file')", "the file of the response cannot be read"),
    ],
)
def test_what_cannot_be_sent_fails_the_run_and_says_why(shared, returned, said):
    shared.ok(f"import pathlib\n@pfnb.on('respond.wrong')\ndef wrong():\n    return pfnb.Response({returned})")
    assert asked(shared, "respond.wrong").status_code == 500
    newest = "list(pfnb.events(key='respond.wrong', limit=1))[0].deliveries[0]['error']"
    assert said in json.loads(shared.ok(f"import json\nprint(json.dumps({newest}))").stdout)["statusMessage"]


def test_a_command_answers_the_caller_and_leaves_the_body_to_the_next_step(shared):
    shared.ok(
        "@pfnb.command('respond.check')\ndef check(body):\n"
        "    if body['payload']['secret'] != 'good':\n        return pfnb.Response(401, 'invalid request signature')"
    )
    shared.ok(
        "%%pipeline checked\npipeline:\n  - event.listen: {key: respond.command}\n  - respond.check:\n"
        "  - body.set: {value: '#{body.payload.secret} as before'}"
    )
    refused = asked(shared, "respond.command", json={"secret": "bad"})
    assert (refused.status_code, refused.text) == (401, "invalid request signature")
    assert asked(shared, "respond.command", json={"secret": "good"}).json()["value"] == "good as before"
