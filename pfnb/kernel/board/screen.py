"""Displays under a cell that can be replaced later, from the background."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from pfnb.kernel.board.figures import Figure
from pfnb.kernel.cell import Message, RunningCell, context_of_cell

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

Bundle = dict[str, str]
_NOTHING = Figure({"text/plain": ""}, {})


class Display:
    """One display under the cell that runs when this object is made; its methods may be called from any thread.

    `is_live` says whether it can be replaced: a terminal would print each replacement where the user types.
    """

    def __init__(self, shell: InteractiveShell, cell: RunningCell) -> None:
        self.is_live = hasattr(shell, "kernel")
        self._cell = cell
        self._context = context_of_cell(shell)
        self._id = uuid.uuid4().hex

    def show(self, bundle: Mapping[str, Any], metadata: Mapping[str, Any] | None = None) -> None:
        """Show a bundle under the cell."""
        self._publish(bundle, metadata or {}, update=False)

    def replace(self, bundle: Mapping[str, Any], metadata: Mapping[str, Any] | None = None) -> None:
        """Replace what is shown."""
        self._publish(bundle, metadata or {}, update=True)

    def _publish(self, bundle: Mapping[str, Any], metadata: Mapping[str, Any], *, update: bool) -> None:
        self._cell.publish(self._id, Message(update, dict(bundle), dict(metadata)), self._context)


class Place(Protocol):
    """Where a board is shown."""

    def replace(self, bundle: Bundle) -> None: ...

    def show_figures(self, figures: Sequence[Figure]) -> None: ...


class CellPlace(Display):
    """A display and the figures below it, which move up as new ones come.

    A front end can replace a display but not remove it: a figure that goes leaves an empty one.
    """

    def __init__(self, shell: InteractiveShell, cell: RunningCell) -> None:
        super().__init__(shell, cell)
        self._shell = shell
        self._shown: list[tuple[Display, Figure]] = []

    def show_figures(self, figures: Sequence[Figure]) -> None:
        """Show these, oldest first. Figures that have not changed are not sent again."""
        for place, (display, present) in enumerate(self._shown):
            figure = figures[place] if place < len(figures) else _NOTHING
            if figure is not present:
                display.replace(figure.data, figure.metadata)
                self._shown[place] = (display, figure)
        for figure in figures[len(self._shown) :]:
            display = self._context.copy().run(Display, self._shell, self._cell)
            display.show(figure.data, figure.metadata)
            self._shown.append((display, figure))
