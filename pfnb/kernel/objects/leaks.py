"""Scans files that the kernel can read for secrets of one's webhooks."""

from __future__ import annotations

from collections.abc import Sequence

from pfnb.client.rows import Rows
from pfnb.kernel.notebook import Notebook
from pfnb.language.reading.parser import command_pipeline
from pfnb.rows.leak import LeakReport, LeakRow


class Leaks(Rows[LeakRow]):
    """What `webhook.scan` found, shown as a table; `report` is its whole result."""

    def __init__(self, report: LeakReport) -> None:
        super().__init__(report["leaks"])
        self.report = report

    def _repr_mimebundle_(self, **_selection: object) -> dict[str, str]:
        from pfnb.display import leaks_bundle

        return leaks_bundle(self.report)


def scan(notebook: Notebook, paths: Sequence[str], *, history: bool, dry_run: bool) -> Leaks:
    """Run `webhook.scan` in this kernel, on its files. NotFoundError for a path that does not exist."""
    given = {"path": list(paths) or ".", "history": history, "dryRun": dry_run}
    pipeline = command_pipeline("webhook.scan", given, notebook.runner.registry)
    return Leaks(notebook.run_sync(notebook.runner.run(pipeline, user=notebook.user, hub=notebook.hub)).body)
