"""The magics: each turns its line into a call and returns the result to the cell. Verbs are defined in the `…_verbs` modules."""

from __future__ import annotations

from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class, no_var_expand

from pfnb.kernel.loop.failures import told_briefly
from pfnb.kernel.magics import event_verbs, pipeline_verbs, webhook_verbs
from pfnb.kernel.magics.completer import Completer
from pfnb.kernel.notebook import Notebook


@magics_class
class PfnbMagics(Magics):
    """`%webhook`, `%pipeline`, `%%pipeline`, `%event` and `%pi`, over one loaded notebook.

    IPython does not expand `{…}` and `$…` in their lines: `#{order}` is for the pipeline.
    """

    def __init__(self, shell: InteractiveShell, notebook: Notebook) -> None:
        super().__init__(shell)
        self.notebook = notebook
        self.completer = Completer(notebook)

    @no_var_expand
    @line_magic
    def webhook(self, line: str) -> Any:
        with told_briefly():
            return webhook_verbs.run(self.notebook, line)

    @no_var_expand
    @line_magic
    def event(self, line: str) -> Any:
        with told_briefly():
            return event_verbs.run(self.notebook, line)

    @no_var_expand
    @line_cell_magic
    def pipeline(self, line: str, cell: str | None = None) -> Any:
        if cell is not None:
            return pipeline_verbs.run_cell(self.notebook, line, cell)
        with told_briefly():
            return pipeline_verbs.run(self.notebook, line)

    @no_var_expand
    @line_magic
    def pi(self, line: str) -> None:
        """The command line of the hub, `pi`, in a cell: `%pi help` explains its words."""
        from pfnb.kernel.magics.command_line import run_line

        with told_briefly():
            run_line(self.notebook, line)

    webhook.__doc__ = webhook_verbs.HELP
    event.__doc__ = event_verbs.HELP
    pipeline.__doc__ = pipeline_verbs.HELP


def register_magics(notebook: Notebook) -> None:
    magics = PfnbMagics(notebook.shell, notebook)
    notebook.shell.register_magics(magics)
    magics.completer.register()


def unregister_magics(shell: InteractiveShell) -> PfnbMagics | None:
    """Remove the magics, so that their names are unknown again; None if they were not registered."""
    manager = shell.magics_manager
    magics = manager.registry.pop(PfnbMagics.__name__, None)
    for kind, names in PfnbMagics.magics.items():
        for name in names:
            manager.magics[kind].pop(name, None)
    if not isinstance(magics, PfnbMagics):
        return None
    magics.completer.unregister()
    configurables: list[Any] = shell.configurables
    if magics in configurables:
        configurables.remove(magics)  # or the shell would keep a reference to it and to the whole notebook
    return magics
