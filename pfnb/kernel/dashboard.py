"""A board as a widget, for Voilà: once its page is in the browser, only widgets can change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pfnb.kernel.board.screen import CellPlace

VOILA: Final = "VOILA_PREHEAT"
"""An environment variable that Voilà sets in each of its kernels; its value does not matter."""
_VIEW: Final = "application/vnd.jupyter.widget-view+json"


class WidgetPlace(CellPlace):
    """Where a board is shown in Voilà."""

    def show(self, bundle: Mapping[str, Any], metadata: Mapping[str, Any] | None = None) -> None:
        from ipywidgets import HTML  # type: ignore[import-untyped]

        self._widget = HTML(bundle["text/html"])
        view = {"version_major": 2, "version_minor": 0, "model_id": self._widget.model_id}
        super().show({**bundle, _VIEW: view}, metadata)

    def replace(self, bundle: Mapping[str, Any], metadata: Mapping[str, Any] | None = None) -> None:  # noqa: ARG002
        self._widget.value = bundle["text/html"]
