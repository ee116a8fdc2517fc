"""The displays as a front end gets them: complete, inert, bounded, and without secrets."""

import base64
import hashlib
import json
import struct
from html.parser import HTMLParser

import pytest

from pfnb.display import event_bundle, events_bundle, listeners_bundle, webhook_bundle, webhooks_bundle
from pfnb.language.masking import MASK
from tests.live.rows import event_row, listener_row, webhook_row

UUID = "3fa1c9d2-7b44-4e0a-9c1d-52f0aa6936bd"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", 4, 3) + b"\x08\x02\x00\x00\x00"
TAGS = frozenset(
    "div style details summary span code pre table thead tbody tr th td img figure figcaption".split()  # noqa: SIM905
)
HOSTILE = [
    "<script>alert(1)</script>",
    "</style></code></pre><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "<!-- <iframe src=//evil.example>",
    "&lt;img src=x onerror=alert(1)&gt;",
    "<details open ontoggle=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    "![x](https://evil.example/t.png) **bold** `code`",
    "$\\href{javascript:alert(1)}{x}$ \\(y\\) $$z$$",
    "\u202egnp.exe\u2066\x00\x1b]8;;https://evil.example\x07x\x1b[31m\ud800",
    '<form action="//evil.example"><input autofocus onfocus=alert(1)>',
]


class Page(HTMLParser):
    """Collects what a browser would see."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.texts, self.open = set(), [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")

    def handle_decl(self, decl):
        raise AssertionError(f"a declaration: {decl}")

    def handle_data(self, data):
        self.texts.append((data, tuple(self.open)))

    @property
    def text(self):
        return "".join(data for data, where in self.texts if "style" not in where)


def assert_inert(html):
    page = Page(html)
    assert page.open == []
    assert page.tags <= TAGS
    for tag, name, value in page.attributes:
        assert (tag, name) in {("details", "open"), ("img", "src"), ("img", "alt")} or name == "class"
        if name == "src":
            assert value.startswith(
                ("data:image/png;base64,", "data:image/jpeg;", "data:image/gif;", "data:image/webp;")
            )
        if name == "class":
            assert all(
                word.startswith("pfnb") or word in {"mathjax_ignore", "tex2jax_ignore"} for word in value.split()
            )
    style = "".join(data for data, where in page.texts if "style" in where)
    assert not any(word in style for word in ("url(", "@import", "expression", "<"))
    return page


def assert_visible(text):
    unseen = [character for character in text if not (character.isprintable() or character in "\n\t\u200c\u200d")]
    assert unseen == []


def entry(body=b"", content_type="application/json", **more):
    return event_row(body, content_type, **{"status": "stored", **more})


def file(name, data=b"", field="file", content_type="text/csv"):
    checksum = hashlib.sha256(data).hexdigest()
    return {"field": field, "filename": name, "contentType": content_type, "size": len(data), "sha256": checksum}


def both(bundle):
    assert set(bundle) == {"text/plain", "text/html"}
    return Page(bundle["text/html"]).text, bundle["text/plain"]


def everywhere(text):
    """An entry that has `text` in every place a sender can write to."""
    document = {"value": text, text: "as key", "list": [text], "object": {text: {text: text}}}
    return entry(
        json.dumps(document).encode(),
        text,
        eventKey=text,
        method=text,
        status=text,
        query={text: [text, text]},
        headers={text: text},
        files=[file(text, field=text, content_type=text)],
        deliveries=[
            {"listener": text, "status": "failed", "attempts": 1, "error": {"errorType": text, "statusMessage": text}}
        ],
    )


def test_an_event_says_everything_that_is_known_of_it():
    document = {"action": "opened", "number": 42, "user": {"login": "ada"}}
    row = entry(
        json.dumps(document).encode(),
        "application/json; charset=utf-8",
        query={"page": ["7"]},
        headers={"x-github-event": "pull_request"},
        files=[file("leads.csv", b"a,b\n" * 400)],
        deliveries=[
            {"listener": "lead", "status": "succeeded", "attempts": 1, "error": None},
            {
                "listener": "crm",
                "status": "failed",
                "attempts": 3,
                "error": {"errorType": "StepError", "statusMessage": "no such lead", "line": 7, "step": 2},
            },
        ],
    )
    for shown in both(event_bundle(row)):
        for words in (
            "webhook.lead.created", "POST", "application/json", "60 B", "2023-04-24T15:22:10.659Z", "6936bd:efg35ee",
            "7c9e6679-7425-40de-944b-e07fc1f90ae7", "action", "opened", "42", "login", "ada", "page", "7", "x-github-event",
            "pull_request", "leads.csv", "text/csv", "1.6 kB", hashlib.sha256(b"a,b\n" * 400).hexdigest()[:12],
            "lead", "crm", "1 failed, 1 succeeded", "StepError: no such lead (line 7, step 2)",
        ):  # fmt: skip
            assert words in shown


def test_the_text_form_is_aligned():
    text = event_bundle(entry(b'{"a": 1, "longer": {"b": "x"}}', headers={"accept": "*/*", "user-agent": "curl"}))[
        "text/plain"
    ]
    assert text.split("\n")[4:] == [
        "payload",
        "  a       1",
        "  longer  1 field: b",
        '    b  "x"',
        "",
        "headers",
        "  accept      */*",
        "  user-agent  curl",
    ]


@pytest.mark.parametrize(
    "row",
    [
        entry(content_type="", headers={}),
        {name: value for name, value in entry().items() if name != "body"},
        entry(contentLength=3, files=[file("", field=None, content_type="")]),
    ],
)
def test_empty_and_optional_parts_are_left_out(row):
    for bundle in (event_bundle(row), events_bundle([row])):
        assert_inert(bundle["text/html"])
        assert bundle["text/plain"]


def test_text_xml_and_binary_bodies_are_shown_as_what_they_are():
    assert "host <db> down" in both(event_bundle(entry(b"host <db> down", "text/plain")))[0]
    assert "<a>1</a>" in both(event_bundle(entry(b"<a>1</a>", "application/xml")))[1]
    html, text = both(event_bundle(entry(b"\x1f\x8b\x00<b>" + bytes(300), "application/gzip")))
    assert "1f 8b 00 3c 62 3e" in html
    assert "...<b>" in html
    assert "1f 8b 00 3c 62 3e" in text
    assert "the first 256 bytes" in html


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_an_event_is_ever_markup(text):
    row = everywhere(text)
    for bundle in (
        event_bundle(row, {0: text.encode(errors="replace")}),
        events_bundle([row, row], title=text),
        event_bundle(entry(text.encode(errors="replace"), "text/html")),
        event_bundle(entry(fields={text: [text, f'{{"a": "{text}"}}']}, content_type="multipart/form-data")),
    ):
        assert_inert(bundle["text/html"])
        assert_visible(bundle["text/html"])
        assert_visible(bundle["text/plain"])


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_a_webhook_or_listener_is_ever_markup(text):
    hook = webhook_row(UUID, eventKey=text, webhookUrl=text, payloadType=text, warning=text, owner=text, **{text: text})
    listener = listener_row(name=text, pattern=text, notebook=text, owner=text, pending=1)
    for bundle in (webhook_bundle(hook), webhooks_bundle([hook]), listeners_bundle([listener])):
        assert_inert(bundle["text/html"])
        assert_visible(bundle["text/html"])
        assert_visible(bundle["text/plain"])


def test_formulas_of_a_payload_are_only_where_no_front_end_typesets():
    row = everywhere("$x^2$") | {"status": "stored", "deliveries": []}
    page = assert_inert(event_bundle(row)["text/html"])
    places = [where for data, where in page.texts if "$" in data and "style" not in where]
    assert len(places) > 10
    assert all({"code", "pre"} & set(where) for where in places)


def test_the_block_opts_out_of_typesetting():
    assert event_bundle(entry())["text/html"].startswith('<div class="pfnb mathjax_ignore tex2jax_ignore">')


def test_a_hostile_text_is_still_readable():
    html, text = both(event_bundle(entry(json.dumps({"a": "<b>&amp;\u202e\x1b[1m"}).encode())))
    assert "<b>&amp;⟨U+202E⟩␛[1m" in html
    assert "<b>&amp;⟨U+202E⟩␛[1m" in text


def test_pictures_are_previewed_by_their_bytes_and_nothing_else_is():
    files = [
        file("a.txt", PNG),
        file("evil.png", content_type="image/png"),
        file("x.svg", content_type="image/svg+xml"),
    ]
    previews = {0: PNG, 1: b"<svg onload=alert(1)>", 2: b"<svg/>", 7: PNG, -1: PNG}
    page = assert_inert(event_bundle(entry(files=files), previews)["text/html"])
    assert [value for _, name, value in page.attributes if name == "src"] == [
        "data:image/png;base64," + base64.b64encode(PNG).decode()
    ]
    assert "4 × 3" in page.text


def test_previews_are_bounded_together():
    large = PNG + bytes(1_000_000)
    html = event_bundle(entry(files=[file("a.png", large)] * 20), dict.fromkeys(range(20), large))["text/html"]
    assert html.count("<img") == 4
    assert "… 16 more" in html


@pytest.mark.parametrize(
    "row",
    [
        entry(json.dumps({f"key {index}": "<" * 1_500 for index in range(2_000)}).encode()),
        entry(json.dumps(["\x00a" * 900] * 2_000).encode()),
        entry(b"[" * 50_000 + b"]" * 50_000),
        entry(b'{"a":' * 50_000),
        entry(b"\x00a" * 100_000, "text/plain"),
        entry(headers={f"h{index}": "<" * 5_000 for index in range(500)}, query={"q" * 9_000: ["'" * 9_000] * 900}),
        entry(files=[file("<" * 5_000, field="&" * 900)] * 1_234),
        entry(
            deliveries=[
                {"listener": "<" * 900, "status": "dead", "attempts": 1, "error": {"statusMessage": "\x00a" * 9_000}}
            ]
            * 900
        ),
        entry(fields={"payload": ['{"a": ' + "[" * 40_000 + "]" * 40_000 + "}"], "f" * 70_000: ["&" * 70_000] * 700}),
    ],
    ids=["keys", "controls", "deep", "cut off", "text", "pairs", "files", "deliveries", "fields"],
)
def test_huge_and_deep_events_stay_small(row):
    for bundle in (event_bundle(row), events_bundle([row] * 50, total=10_000)):
        assert len(bundle["text/html"].encode()) < 200_000
        assert_inert(bundle["text/html"])
        assert bundle["text/plain"].count("\n") < 150
        assert max(map(len, bundle["text/plain"].split("\n"))) <= 200


def test_what_is_left_out_is_counted():
    html, text = both(event_bundle(entry(files=[file(f"{index}.csv") for index in range(1_334)])))
    assert "… 1,234 more" in html
    assert "… 1,314 more" in text


def test_secrets_are_shown_in_neither_form():
    document = {
        "password": "hunter2",
        "nested": {"apiKey": "k-123", "callback": f"https://h/webhook.receive?uuid={UUID}"},
    }
    row = entry(
        json.dumps(document).encode(),
        query={"api_key": ["q-456"], "next": [f"/x?uuid={UUID.upper()}"]},
        headers={
            "authorization": "Bearer s-1", "cookie": "s-2", "x-hub-signature-256": "s-3", "token": "s-4", "x-my-secret": "s-5",
            "referer": f"https://h/{UUID}",
        },
        files=[file(f"{UUID}.pdf")],
        deliveries=[
            {
                "listener": "lead", "status": "failed", "attempts": 1,
                "error": {"statusMessage": f"no webhook {UUID}: password=s-6"},
            },
        ],
    )  # fmt: skip
    for shown in [*both(event_bundle(row)), *both(events_bundle([row], title=UUID))]:
        assert not any(
            secret in shown for secret in ("hunter2", "k-123", "q-456", "s-1", "s-2", "s-3", "s-4", "s-5", "s-6")
        )
        assert UUID[:30] not in shown.lower()
    assert MASK in event_bundle(row)["text/plain"]
    assert "…6936bd.pdf" in event_bundle(row)["text/plain"]


def test_a_list_has_a_row_for_each_event_that_unfolds_to_its_parts():
    rows = [entry(b'{"n": 1}', eventKey=f"webhook.k{index}") for index in range(3)]
    html, text = both(events_bundle(rows, title="Last events", total=1_237))
    assert "1,237 events" in html
    assert "… 1,234 more" in html
    assert all(f"webhook.k{index}" in html for index in range(3))
    assert events_bundle(rows)["text/html"].count('<details class="pfnb-entry">') == 3
    assert text.split("\n")[:4] == [
        "Last events  1,237 events",
        "",
        "time (UTC)           event key   method  size  type              status",
        "2023-04-24 15:22:10  webhook.k0  POST     8 B  application/json  stored",
    ]


def test_a_listener_that_runs_very_often_says_how_often():
    listener = listener_row()
    assert "connected, 18,000 runs in a minute" in listeners_bundle([{**listener, "lastMinute": 18_000}])["text/plain"]
    assert "in a minute" not in listeners_bundle([{**listener, "lastMinute": 59}])["text/plain"]


def test_an_empty_list_says_so():
    assert both(events_bundle([])) == ("Events 0 events", "Events  0 events")
    assert webhooks_bundle([])["text/plain"] == "0 webhooks"
    assert listeners_bundle([])["text/plain"] == "0 listeners"


HOOK = webhook_row(UUID)


def test_a_webhook_shows_its_address_without_the_uuid():
    hook = HOOK | {"warning": "192.168.1.5 is neither https nor loopback", "signingKey": "abc", "owner": "ada"}
    for shown in both(webhook_bundle(hook)):
        assert "http://192.168.1.5:8888/pfnb/api/v3/command/webhook.receive?uuid=…6936bd" in shown
        assert "neither https nor loopback" in shown
        assert "at most 500kB" in shown
        assert "ada" in shown
        assert UUID not in shown
        assert "abc" not in shown
    assert "pfnb-warning" not in Page(webhook_bundle(HOOK)["text/html"]).text


def test_a_webhook_shows_its_lists_in_words_and_how_to_see_its_whole_address():
    for shown in both(webhook_bundle(HOOK | {"methods": ["POST", "PUT"]})):
        assert "POST, PUT" in shown
        assert f"%webhook url eventKey={HOOK['eventKey']} --show" in shown


def test_webhooks_are_a_table():
    for shown in both(webhooks_bundle([HOOK, HOOK | {"active": False, "received": 1_234}])):
        assert "…6936bd" in shown
        assert "deactivated" in shown
        assert "1,234" in shown
        assert UUID not in shown


def test_a_table_of_webhooks_says_which_have_a_warning():
    warned = [HOOK | {"eventKey": f"webhook.n{n}", "warning": "its address has changed"} for n in range(5)]
    for shown in both(webhooks_bundle([HOOK, *warned])):
        assert "webhook.n0: its address has changed" in shown
        assert "webhook.n3: " not in shown
        assert "2 more have warnings" in shown


def test_listeners_say_who_is_away_and_what_waits():
    listener = listener_row(pattern="webhook.lead.*", notebook="crm.ipynb")
    bundle = listeners_bundle(
        [listener | {"connected": True, "pending": 0}, listener | {"connected": False, "pending": 1_234}]
    )
    for shown in both(bundle):
        assert all(
            words in shown for words in ("lead", "webhook.lead.*", "crm.ipynb", "ada", "connected", "away", "1,234")
        )


def test_an_event_shows_the_parameters_of_its_path():
    shown = event_bundle(entry(path={"id": "17\u202e"}), {})
    for text in shown.values():
        assert "17" in text
        assert "\u202e" not in text
    assert "path\n  id  17" in shown["text/plain"]
    assert "Path" not in event_bundle(entry(), {})["text/html"]
