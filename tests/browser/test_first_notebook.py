"""The first page of the manual, in a real JupyterLab: its cells are run, and what it received is looked at live."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
from playwright.sync_api import expect

from tests.browser.inspected import InspectorPage
from tests.browser.lab import Lab

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def test_what_the_first_notebook_received_is_inspected(lab: Lab):
    shutil.copytree(NOTEBOOKS, lab.root, dirs_exist_ok=True)
    first = nbformat.read(NOTEBOOKS / "01-first-webhook.ipynb", as_version=4)
    first.cells = [cell for cell in first.cells if "clean-up" not in cell.metadata.get("tags", [])]
    for cell in first.cells:
        if cell.cell_type == "code":
            cell.execution_count, cell.outputs = None, []
    first.cells.append(nbformat.v4.new_code_cell("%webhook inspect webhook.#"))
    nbformat.write(first, lab.root / "01-first-webhook.ipynb")
    with lab.open("01-first-webhook.ipynb") as notebook:
        notebook.run_all()
        inspector = InspectorPage(notebook.page)
        inspector.narrow(key="webhook.github.*")
        expect(inspector.rows.first).to_contain_text("succeeded")
        inspector.open()
        inspector.field("issue").locator(".pfi-fold").click()
        inspector.field("title").click()
        assert inspector.copied() == "#{body.payload.issue.title}"
        inspector.detail.get_by_role("button", name="Replay").first.click()
        expect(inspector.toast).to_contain_text("Delivered again to 1 listener")
        inspector.narrow(key="webhook.quote.received")
        inspector.open()
        panel = inspector.tab("Files")
        expect(panel.get_by_role("article", name="birdhouse.png").locator("img")).to_be_visible()
        expect(panel.get_by_role("article", name="quote.pdf").locator("img")).to_be_visible()
        expect(panel.get_by_role("article", name="parts.csv").get_by_role("columnheader").first).to_have_text("part")
        assert notebook.observed.errors == []
