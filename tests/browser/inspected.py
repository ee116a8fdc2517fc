"""An inspector in a page: what its user sees and does."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect


class InspectorPage:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.root = page.locator(".pfnb-inspector")
        self.root.scroll_into_view_if_needed()

    @property
    def rows(self) -> Locator:
        return self.root.locator("[role=option]")

    @property
    def total(self) -> Locator:
        """How many events there are."""
        return self.root.locator(".pfi-total")

    @property
    def detail(self) -> Locator:
        return self.root.locator(".pfi-detail")

    @property
    def toast(self) -> Locator:
        return self.root.locator(".pfi-toast")

    def narrow(self, key: str = "", text: str = "", status: str = "") -> None:
        """Close what is open, use the toolbar, and wait for the list that it asks for."""
        if self.detail.is_visible():
            self.detail.get_by_role("button", name="Close").click()
        self.root.locator("select").select_option(status)
        for label, value in (("Event key pattern", key), ("Search in keys", text)):
            field = self.root.get_by_label(label)
            field.fill(value)
            field.press("Enter")
        self.settle()

    def settle(self) -> None:
        """The list is the one that was asked for last."""
        expect(self.root.get_by_role("listbox")).not_to_have_attribute("aria-busy", "true")
        expect(self.root.locator(".pfi-live")).to_have_text("live")

    def open(self, row: int = 0) -> None:
        """Open an event with its payload, whatever was looked at of the one before."""
        self.rows.nth(row).click()
        expect(self.detail).to_be_visible()
        expect(self.detail).not_to_have_attribute("aria-busy", "true")
        self.tab("Payload")

    def tab(self, name: str) -> Locator:
        """The panel behind a tab."""
        self.detail.get_by_role("tab", name=name).click()
        return self.detail.get_by_role("tabpanel")

    def field(self, name: str) -> Locator:
        """The row of a field that is unfolded."""
        return self.detail.get_by_role("treeitem").filter(has=self.page.get_by_text(name, exact=True)).first

    def copied(self) -> str:
        return self.page.evaluate("navigator.clipboard.readText()")

    def next_row(self, key: str) -> None:
        """From now on: note when a row of this key is on the screen."""
        self.page.evaluate(_WATCH, key)

    def shown_after(self, since: float) -> float:
        """Milliseconds from the time `since` (of `time.time`) to that row."""
        return self.page.evaluate("window.shown") - 1000 * since


_WATCH = """
(key) => {
  window.shown = new Promise((resolve) => {
    const observer = new MutationObserver(() => {
      const keys = [...document.querySelectorAll(".pfnb-inspector [role=option] code")];
      if (!keys.some((one) => one.innerText === key)) return;
      observer.disconnect();
      requestAnimationFrame(() => resolve(Date.now()));
    });
    observer.observe(document.querySelector(".pfi-rows"), { childList: true, subtree: true, characterData: true });
  });
}
"""
