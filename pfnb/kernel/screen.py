"""What a notebook's front end can show: displays under a cell that are replaced later, from the background."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

Bundle = dict[str, str]


class Display:
    """One display. `is_live` says whether it can be replaced: a terminal would print each replacement where the user types."""

    def __init__(self, shell: InteractiveShell) -> None:
        self.is_live = hasattr(shell, "kernel")
        self._publisher = shell.display_pub
        self._transient = {"display_id": uuid.uuid4().hex}

    def show(self, bundle: Bundle) -> None:
        """Put it under the cell that runs now."""
        self._publisher.publish(data=bundle, metadata={}, transient=self._transient)

    def replace(self, bundle: Bundle) -> None:
        """Show something else in its place. It belongs to the cell in whose context this is called, from any thread."""
        self._publisher.publish(data=bundle, metadata={}, transient=self._transient, update=True)
