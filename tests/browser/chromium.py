"""A real browser: Chromium without a window, which may talk to this machine and to nobody else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Route, sync_playwright

ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
_OURS = {"127.0.0.1", "localhost"}


def find_chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


@dataclass
class Observed:
    """What pages did that they should not have done."""

    errors: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def forget(self) -> None:
        for seen in (self.errors, self.dialogs, self.outside):
            seen.clear()


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), headless=True, args=ARGUMENTS)
        yield browser
        browser.close()


def observed_context(browser: Browser, **options: object) -> tuple[BrowserContext, Observed]:
    """A context of its own; requests to other machines are refused and written down."""
    context = browser.new_context(**options)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    observed = Observed()

    def pass_on(route: Route) -> None:
        if (urlsplit(route.request.url).hostname or "127.0.0.1") in _OURS:
            route.continue_()
        else:
            observed.outside.append(route.request.url)
            route.abort()

    context.route("**/*", pass_on)
    context.on("weberror", lambda error: observed.errors.append(str(error.error)))
    context.on("console", lambda message: observed.errors.append(message.text) if message.type == "error" else None)

    def dismiss(dialog) -> None:
        observed.dialogs.append(dialog.message)
        dialog.dismiss()

    context.on("dialog", dismiss)
    return context, observed
