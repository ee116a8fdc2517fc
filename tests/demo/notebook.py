"""A notebook's code cells, run one by one in a kernel that somebody else started."""

from __future__ import annotations

from pathlib import Path

import nbformat
from jupyter_client.blocking.client import BlockingKernelClient

from tests.demo.error import DemoError
from tests.live.cells import CellError, run_cell


class Notebook:
    """Cells tagged `clean-up` are kept back until `clean_up`, so that the notebook's webhooks can be called before."""

    def __init__(self, path: Path) -> None:
        cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
        self._cells = [cell for cell in cells if "clean-up" not in _tags(cell)]
        self._last = [cell for cell in cells if "clean-up" in _tags(cell)]

    def run(self, kernel: BlockingKernelClient) -> int:
        """How many cells ran; CellError or DemoError at the first that did not do what it should."""
        return _run(kernel, self._cells)

    def clean_up(self, kernel: BlockingKernelClient) -> int:
        return _run(kernel, self._last)


def _tags(cell: nbformat.NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def _run(kernel: BlockingKernelClient, cells: list[nbformat.NotebookNode]) -> int:
    for cell in cells:
        if "raises-exception" in _tags(cell):
            _expect_error(kernel, cell.source)
        else:
            run_cell(kernel, cell.source)
    return len(cells)


def _expect_error(kernel: BlockingKernelClient, source: str) -> None:
    try:
        run_cell(kernel, source)
    except CellError:
        return
    raise DemoError(f"this cell should have raised an error and did not:\n{source}")
