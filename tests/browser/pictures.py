"""Takes the pictures of the README: `make pictures`. What they show is a real JupyterLab that received real requests."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import httpx
from playwright.sync_api import expect

from tests.browser.chromium import chromium, find_chromium
from tests.browser.inspected import InspectorPage
from tests.browser.lab import TOKEN, Lab, Notebook, jupyterlab
from tests.live.hub import HubClient

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"
SAMPLES = ROOT / "notebooks" / "samples"
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
ISSUES = """%%pipeline issues
pipeline:
  - event.listen: {eventKey: webhook.github.issues}
  - body.set: {value: "Thank you, #{body.payload.sender.login}"}"""
QUOTES = """%%pipeline quotes
pipeline:
  - event.listen: {eventKey: webhook.quote.*}
  - body.set: {value: "#{body.payload.fields.customer}"}"""
KEYS = ("webhook.github.issues", "webhook.quote.received", "webhook.order.paid")
FILES = ("birdhouse.png", "quote.pdf", "parts.csv")


def main() -> int:
    if find_chromium() is None:
        print("pictures: there is no Chromium here. On Debian: sudo apt install chromium", file=sys.stderr)
        return 1
    PICTURES.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for name, theme in THEMES.items():
            with tempfile.TemporaryDirectory() as folder, jupyterlab(Path(folder), browser) as lab:
                wear(lab, theme)
                lab.write("birdhouses.ipynb", "%load_ext pfnb", "%webhook inspect", ISSUES, QUOTES)
                with lab.open("birdhouses.ipynb", viewport={"width": 1240, "height": 780}) as notebook:
                    take(lab, notebook, name)
    return 0


def wear(lab: Lab, theme: str) -> None:
    path = lab.root.parent / "config" / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
    (path / "themes.jupyterlab-settings").write_text(json.dumps({"theme": theme}))


def take(lab: Lab, notebook: Notebook, theme: str) -> None:
    notebook.page.keyboard.press("Control+b")  # the file browser goes
    notebook.run_all()
    receive(lab)
    inspector = InspectorPage(notebook.page)
    inspector.narrow(text="")
    expect(inspector.rows.first).to_contain_text("succeeded")
    inspector.open()
    inspector.field("issue").locator(".pfi-fold").click()
    inspector.field("title").click()
    expect(inspector.toast).to_have_css("opacity", "1")
    notebook.page.screenshot(path=PICTURES / f"inspector-{theme}.png")
    inspector.open(1)
    panel = inspector.tab("Files")
    expect(panel.locator("img")).to_have_count(2)
    expect(inspector.toast).to_have_css("opacity", "0")
    inspector.root.evaluate("(one) => { one.style.height = '640px'; }")
    inspector.root.screenshot(path=PICTURES / f"files-{theme}.png")


def receive(lab: Lab) -> None:
    """A morning's requests."""
    hub = HubClient(lab.server.hub_url, TOKEN)
    issues, quotes, orders = (
        hub.receiver(hub.command("webhook.put", eventKey=key, payloadType="raw")["uuid"]) for key in KEYS
    )
    hub.close()
    issue = json.loads((SAMPLES / "github-issue.json").read_bytes())
    issue["issue"]["body"] = "Since the storm there is water on the floor."
    post = {"trust_env": False}
    for number in range(9):
        httpx.post(issues, json=issue, **post)
        if number % 3 == 1:
            httpx.post(orders, json={"order": 1000 + number, "total": "348.00"}, **post)
        if number % 4 == 2:
            httpx.post(quotes, json={"customer": "Ada"}, **post)
    files = [("attachment", (name, (SAMPLES / name).read_bytes())) for name in FILES]
    httpx.post(quotes, data={"customer": "Ada"}, files=files, **post)
    headers = json.loads((SAMPLES / "github-issue.headers.json").read_text())
    httpx.post(issues, json=issue, headers=headers, **post)


if __name__ == "__main__":
    raise SystemExit(main())
