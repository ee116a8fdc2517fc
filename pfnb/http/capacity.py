"""Limits on unknown callers: how much at once, and for how long. Set by flags, traits or the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pfnb.environment import CAPACITY, setting_of
from pfnb.exceptions import ParameterError
from pfnb.language.networks import Network, networks_of


@dataclass(frozen=True, slots=True)
class Capacity:
    """Every field is a setting; `environment.CAPACITY` describes them."""

    max_connections: int = CAPACITY["PFNB_MAX_CONNECTIONS"].default
    connections_per_address: int = CAPACITY["PFNB_CONNECTIONS_PER_ADDRESS"].default
    max_uploads: int = CAPACITY["PFNB_MAX_UPLOADS"].default
    uploads_per_address: int = CAPACITY["PFNB_UPLOADS_PER_ADDRESS"].default
    max_waiting: int = CAPACITY["PFNB_MAX_WAITING"].default
    head_seconds: float = CAPACITY["PFNB_HEAD_SECONDS"].default
    body_seconds: float = CAPACITY["PFNB_BODY_SECONDS"].default
    idle_seconds: float = CAPACITY["PFNB_IDLE_SECONDS"].default
    trusted_proxies: tuple[Network, ...] = CAPACITY["PFNB_TRUSTED_PROXIES"].default

    @classmethod
    def chosen(cls, environ: Mapping[str, str], given: Mapping[str, object] | None = None) -> Capacity:
        """The defaults, overridden by the environment, then by `given`. ParameterError for an invalid value."""
        values: dict[str, Any] = {}
        for variable, bound in CAPACITY.items():
            key = setting_of(variable)
            for source, name in ((given or {}, key), (environ, variable)):
                value = source.get(name)
                if value is not None and value != "":
                    values[key] = _read(bound.default, value, name)
                    break
        return cls(**values)


def _read(default: Any, value: object, name: str) -> Any:
    if isinstance(default, tuple):
        return networks_of(str(value), name)
    kind = type(default)
    try:
        number = kind(str(value))
        if not 0 < number < float("inf"):
            raise ValueError
    except ValueError:
        what = "a whole number above 0" if kind is int else "a number of seconds above 0"
        raise ParameterError(f"{name} must be {what}, not {value!r}") from None
    return number
