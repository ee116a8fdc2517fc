"""When a notebook is saved: masks webhook secrets in outputs, and warns of those in cells."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from typing import Any

from pfnb.leaks import mask
from pfnb.uuid_tail import masked_uuid


class SavedNotebooks:
    """`mask` is a pre-save hook of Jupyter's contents manager. `secrets` gives the uuids of all webhooks."""

    def __init__(self, secrets: Callable[[], Collection[str]], log: logging.Logger) -> None:
        self._secrets = secrets
        self._log = log

    def mask(self, model: dict[str, Any], path: str, **_more: Any) -> None:
        """Mask secrets in `model`, which is about to be written. Keep the source of cells: it is the author's, and it has to
        run."""
        secrets = self._secrets()
        if model.get("type") != "notebook" or not isinstance(model.get("content"), dict) or not secrets:
            return
        notebook = model["content"]
        hidden: set[str] = set()
        notebook["metadata"] = _masked(notebook.get("metadata", {}), secrets, hidden)
        written: set[str] = set()
        for cell in notebook.get("cells", ()):
            for part in ("outputs", "metadata"):
                if part in cell:
                    cell[part] = _masked(cell[part], secrets, hidden)
            _masked(cell.get("source", ""), secrets, written)
        if hidden:
            self._log.info("pfnb masked %s in the outputs of %s as it was saved", _ends(hidden), path)
        if written:
            self._log.warning(
                "%s has the secret of webhook %s in the source of a cell, where every reader of the notebook can see it: use "
                "eventKey=… there, and give the webhook a new secret with %%webhook rotate",
                path,
                _ends(written),
            )


def _masked(value: Any, secrets: Collection[str], found: set[str]) -> Any:
    """A JSON value with the secrets in its texts masked; adds those to `found`."""
    if isinstance(value, str):
        text, here = mask(value, secrets)
        found |= here
        return text
    if isinstance(value, list):
        return [_masked(item, secrets, found) for item in value]
    if isinstance(value, dict):
        return type(value)({name: _masked(item, secrets, found) for name, item in value.items()})
    return value


def _ends(uuids: Collection[str]) -> str:
    return ", ".join(sorted(masked_uuid(uuid) for uuid in uuids))
