"""What a notebook's front end can show: displays under a cell that are replaced later, from the background."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Protocol

from pfnb.kernel.figures import Figure

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

Bundle = dict[str, str]
_NOTHING = Figure({"text/plain": ""}, {})


class Display:
    """One display under the cell that runs when this object is made; its methods may be called from any thread.

    `is_live` says whether it can be replaced: a terminal would print each replacement where the user types.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self.is_live = hasattr(shell, "kernel")
        self._publisher = shell.display_pub
        self._context = copy_context()
        self._id = uuid.uuid4().hex

    def show(self, bundle: Mapping[str, Any], metadata: Mapping[str, Any] | None = None) -> None:
        """Put it under its cell."""
        self._publish(bundle, metadata or {}, update=False)

    def replace(self, bundle: Mapping[str, Any], metadata: Mapping[str, Any] | None = None) -> None:
        """Show something else in its place."""
        self._publish(bundle, metadata or {}, update=True)

    def _publish(self, bundle: Mapping[str, Any], metadata: Mapping[str, Any], *, update: bool) -> None:
        self._context.copy().run(
            self._publisher.publish,
            data=dict(bundle),
            metadata=dict(metadata),
            transient={"display_id": self._id},
            update=update,
        )


class Place(Protocol):
    """Where a board is shown."""

    def replace(self, bundle: Bundle) -> None: ...

    def show_figures(self, figures: Sequence[Figure]) -> None: ...


class CellPlace(Display):
    """A display, and figures below it, which move up as others come.

    A front end can replace a display, and not take one away: an empty one stays where there was a figure.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self._shell = shell
        self._shown: list[tuple[Display, Figure]] = []

    def show_figures(self, figures: Sequence[Figure]) -> None:
        """Show these, oldest first; what has not changed is not sent again."""
        for place, (display, present) in enumerate(self._shown):
            figure = figures[place] if place < len(figures) else _NOTHING
            if figure is not present:
                display.replace(figure.data, figure.metadata)
                self._shown[place] = (display, figure)
        for figure in figures[len(self._shown) :]:
            display = self._context.copy().run(Display, self._shell)
            display.show(figure.data, figure.metadata)
            self._shown.append((display, figure))
