"""The settings `preset` and `handshake` of a webhook: the sender that it is for, by one word."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

NO_PRESET = ""
"""What `none` stands for."""


def preset_name(given: str) -> str:
    """The name of a preset, or NO_PRESET. ParameterError if there is none of this name."""
    name = given.strip().lower()
    if name in (NO_PRESET, "none"):
        return NO_PRESET
    from pfnb.presets.table import preset_of  # imported lazily: a notebook that uses no preset need not wait for it

    preset_of(name)
    return name


PresetName = Annotated[str, AfterValidator(preset_name)]
