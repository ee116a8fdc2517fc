"""Reads presets: the built-in ones, and those of installed packages, which name a folder of such files as an entry point."""

from __future__ import annotations

import logging
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib.metadata import entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING

from pydantic import ValidationError

from pfnb.exceptions import ParameterError
from pfnb.language.extent import shown

if TYPE_CHECKING:
    from pfnb.presets.preset import Preset

log = logging.getLogger("pfnb.presets")
GROUP = "pfnb.presets"
"""The group of entry points. Each names a package with files such as `acme.toml`."""
_ENDING = ".toml"


def names() -> list[str]:
    return sorted(_files())


@cache
def preset_of(name: str) -> Preset:
    """The preset of a sender. ParameterError if there is none, or if its file is wrong."""
    file = _files().get(name)
    if file is None:
        near = get_close_matches(str(name), names(), n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names())}"
        raise ParameterError(f"there is no preset {shown(name)}: {hint}")
    from pfnb.presets.preset import (
        Preset,
    )  # imported lazily: building its models takes a fifth of the time of `%load_ext`

    try:
        return Preset.model_validate(tomllib.loads(file.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise ParameterError(f"the preset {name} cannot be read: {error}") from None


def find_preset(name: str) -> Preset | None:
    """The same; None for an empty name, or if there is none: the package that brought it may be gone."""
    try:
        return preset_of(name) if name else None
    except ParameterError:
        return None


@cache
def _files() -> Mapping[str, Traversable]:
    """The files by the names of their presets. A built-in one cannot be replaced."""
    found: dict[str, Traversable] = {}
    for entry in entry_points(group=GROUP):
        try:
            found |= _in_package(entry.module)
        except Exception:  # importing other people's packages may raise anything
            log.warning("the presets of the package %s cannot be read", entry.module, exc_info=True)
    return {**found, **_in_package(f"{__package__}.senders")}


def _in_package(package: str) -> dict[str, Traversable]:
    return {file.name.removesuffix(_ENDING): file for file in files(package).iterdir() if file.name.endswith(_ENDING)}
