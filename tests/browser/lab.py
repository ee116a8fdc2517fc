"""JupyterLab as a person uses it: a notebook is opened, its cells are run, and the output below them is checked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
from playwright.sync_api import Browser, Page

from tests.browser.chromium import Observed, observed_context
from tests.live.environment import own_environment
from tests.live.jupyter_server import JupyterServer, jupyter_server

TOKEN = "browser-test-token"
WAIT = 30_000
_SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
    "docmanager-extension/plugin": {"autosave": False},
}
_ALL_RUN = (
    "() => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]"
    ".every((one) => /\\[\\d+\\]/.test(one.textContent))"
)
_IDLE = "/\\| Idle/.test(document.querySelector('#jp-main-statusbar')?.innerText ?? '')"


@dataclass(frozen=True)
class Lab:
    """A server with notebooks in `root`."""

    server: JupyterServer
    root: Path
    browser: Browser

    def write(self, name: str, *cells: str) -> None:
        """A notebook of code cells."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, self.root / name)

    @contextmanager
    def open(self, name: str, **options: object) -> Iterator[Notebook]:
        """A notebook in a page of its own, once its kernel is idle. `options` are those of a browser context."""
        context, observed = observed_context(self.browser, **{"viewport": {"width": 1280, "height": 1000}, **options})
        page = context.new_page()
        page.set_default_timeout(WAIT)
        page.add_init_script(_STOPWATCH)
        page.goto(f"{self.server.url}lab/tree/{name}?token={TOKEN}&reset")
        page.wait_for_function(_IDLE)
        yield Notebook(page, observed, self.root / name)
        context.close()


@dataclass(frozen=True)
class Notebook:
    page: Page
    observed: Observed
    path: Path

    def run_all(self) -> None:
        """Run every cell of a notebook that has not run yet, and wait for the last of them."""
        self.page.evaluate("document.querySelector('.jp-Notebook .jp-Cell .cm-content').focus()")
        self.page.keyboard.press("Escape")
        self.menu("Run", "Run All Cells")
        self.page.wait_for_function(_ALL_RUN)

    def menu(self, menu: str, item: str) -> None:
        self.page.click(f".lm-MenuBar-itemLabel:text-is('{menu}')")
        self.page.click(f".lm-Menu-itemLabel:text-is('{item}')")

    def save(self) -> dict:
        """Save it, and what the file holds then."""
        with self.page.expect_response(
            lambda answer: answer.request.method == "PUT" and "/api/contents/" in answer.url
        ):
            self.page.keyboard.press("Control+s")
        return json.loads(self.path.read_text())


@contextmanager
def jupyterlab(folder: Path, browser: Browser, data_dir: Path | None = None) -> Iterator[Lab]:
    """A JupyterLab of its own below `folder`, with its hub's data in `data_dir`."""
    root = folder / "notebooks"
    root.mkdir()
    environment = own_environment(folder)
    config = Path(environment["JUPYTER_CONFIG_DIR"])
    for name, settings in _SETTINGS.items():
        path = config / "lab" / "user-settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(settings))
    if data_dir is not None:
        (config / "jupyter_server_config.json").write_text(json.dumps({"PfnbExtension": {"data_dir": str(data_dir)}}))
    with jupyter_server(root, environment, TOKEN, folder / "server.log", module="jupyterlab") as server:
        yield Lab(server, root, browser)


# When an inspector appeared, when its first row was painted, and the longest time in which the page could draw nothing.
_STOPWATCH = """
window.stopwatch = { longest: 0 };
new MutationObserver(() => {
  const watch = window.stopwatch;
  if (!watch.began && document.querySelector(".pfnb-inspector")) watch.began = performance.now();
  if (watch.began && !watch.painted && document.querySelector(".pfnb-inspector [role=option]")) {
    watch.painted = Infinity;
    requestAnimationFrame(() => requestAnimationFrame(() => { watch.painted = performance.now(); }));
  }
}).observe(document, { childList: true, subtree: true });
(function frame(before) {
  requestAnimationFrame((now) => {
    window.stopwatch.longest = Math.max(window.stopwatch.longest, now - before);
    frame(now);
  });
})(performance.now());
"""
