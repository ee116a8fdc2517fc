"""What a stranger sends is looked at, all of it, and nothing of it acts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Webhook
from tests.browser.inspected import InspectorPage

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "hostile.jsonl"
TEXTS = [
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "</style><svg onload=alert(1)>",
    "![x](https://evil.example/t.png)",
    "[x](javascript:alert(1))",
    "<a href='https://evil.example' autofocus onfocus=alert(1)>x</a>",
    "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    '<button data-commandlinker-command="notebook:run-all-cells">x</button>',
    "$$\\href{javascript:alert(1)}{x}$$",
    "\u2028\u202e\u0000\x1b[31m",
]
FILES = [
    ("x.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><image href='//evil.example'/></svg>", "image/svg+xml"),
    ("x.html", b"<script>fetch('//evil.example')</script><meta http-equiv=refresh content='0;url=//evil.example'>", "text/html"),
    ("x.png", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01<script>alert(1)</script>", "image/png"),
    ("x.pdf", b"%PDF-1.7\n1 0 obj << /OpenAction << /S /JavaScript /JS (app.alert(1)) >> >>", "application/pdf"),
    ("x.csv", b"=HYPERLINK(\"https://evil.example\"),<b>b</b>\n<img src=x onerror=alert(1)>,@SUM(1)\n", "text/csv"),
    ("x.ipynb", b'{"cells":[{"outputs":[{"data":{"text/html":"<script>alert(1)</script>"}}]}]}', "application/json"),
]  # fmt: skip
NOT_OURS = "script, iframe, object, embed, svg, a, form, input, link, meta, base, video, audio, style"


def look_through(inspector: InspectorPage) -> None:
    """Open the newest event and everything in it."""
    inspector.open()
    folds = inspector.detail.locator("[aria-expanded=false] .pfi-fold")
    while folds.count():
        folds.first.click()
    names = [tab.inner_text() for tab in inspector.detail.get_by_role("tab").all()]
    for name in names:
        panel = inspector.tab(name.split("\n")[0])
        previews = panel.get_by_role("button", name="Preview")
        while previews.count():
            previews.first.click()
        expect(panel.get_by_text("…", exact=True)).to_have_count(0)
        assert panel.locator(NOT_OURS).count() == 0


def send_and_look(inspector: InspectorPage, webhook: Webhook, query: str = "", **request: Any) -> None:
    """The fixture `inspector` looks for errors, dialogs and requests to others at the end."""
    before = inspector.total.inner_text()
    httpx.post(webhook.url + query, trust_env=False, **request).raise_for_status()
    expect(inspector.total).not_to_have_text(before)
    look_through(inspector)
    inspector.page.wait_for_function("new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(true))))")
    assert len(inspector.page.frames) == 1


@pytest.fixture
def webhook(inspector: InspectorPage, new_webhook: Callable[..., Webhook]) -> Webhook:
    webhook = new_webhook(room="hostile")
    inspector.narrow(key=webhook.key)
    return webhook


@pytest.mark.parametrize("text", TEXTS)
def test_a_hostile_text_is_only_shown(inspector, webhook, text):
    send_and_look(inspector, webhook, json={"value": text, text: "as key", "list": [text, {text: [text]}]})


def test_hostile_names_and_contents_of_files_are_only_shown(inspector, webhook):
    named = [("file", (text, text.encode(), "text/plain")) for text in TEXTS[:-1]]
    files = [*named, *(("file", file) for file in FILES)]
    send_and_look(inspector, webhook, files=files, data={text: text for text in TEXTS[:-1]})


def test_hostile_headers_and_queries_are_only_shown(inspector, webhook):
    headers = {f"x-{number}": text for number, text in enumerate(TEXTS[:-1])}
    query = str(httpx.QueryParams({text: text for text in TEXTS}))
    send_and_look(inspector, webhook, f"&{query}", content=b"", headers=headers)


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus of hostile requests is not beside this checkout")
@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.faults)], ids=["some", "all"])
def test_the_hostile_requests_of_the_corpus_are_only_shown(inspector, webhook, step):
    rows = [json.loads(line) for line in CORPUS.read_text().strip().split("\n")]
    requests = [row["request"] for row in rows if row["category"] == "xss" and row["kind"] == "http"]
    assert requests
    for request in requests[::step]:
        body = request["body"].encode() if request["body"] is not None else json.dumps(request["gen"]["json"]).encode()
        send_and_look(inspector, webhook, content=body, headers=request["headers"])
