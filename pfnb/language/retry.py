"""How often and after which pauses to retry a failed step (`onError`) or event (header `retry`)."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pfnb.exceptions import ParameterError

MAX_WAIT: Final = 86_400
"""Maximum seconds of a pause, whatever the backoff."""


@dataclass(frozen=True, slots=True)
class Retry:
    """`times` does not count the first try, `wait` is in seconds. Without `backoff` all pauses are the same.
    Each is lengthened at random by up to `jitter` of itself."""

    times: int = 1
    wait: float = 3
    backoff: float = 1
    jitter: float = 0

    def delay(self, retry: int) -> float:
        """Seconds to wait before this retry, which counts from 1."""
        return min(self._pause(retry) * _longer(self.jitter), MAX_WAIT)

    def longest(self, retry: int) -> float:
        """The most seconds that may pass before this retry."""
        return min(self._pause(retry) * (1 + self.jitter), MAX_WAIT)

    def _pause(self, retry: int) -> float:
        return self.wait * self.backoff ** min(retry - 1, 100)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Retries after these pauses, in seconds. Each is lengthened at random by up to `jitter` of itself, so that what failed at
    the same time is not tried again at the same time."""

    pauses: tuple[float, ...]
    jitter: float = 0.2

    @property
    def times(self) -> int:
        return len(self.pauses)

    def delay(self, retry: int) -> float:
        """Seconds to wait before this retry, which counts from 1."""
        return min(self.pauses[retry - 1] * _longer(self.jitter), MAX_WAIT)

    def longest(self, retry: int) -> float:  # noqa: ARG002  # a receiver may ask for a longer pause than the schedule's
        """The most seconds that may pass before this retry."""
        return MAX_WAIT


RETRY_PROPERTIES: Final[Mapping[str, Any]] = {
    "times": {
        "type": "integer", "minimum": 0, "maximum": 100, "default": 1,
        "description": "Maximum number of retries.",
    },
    "wait": {
        "type": "number", "minimum": 0, "maximum": MAX_WAIT, "default": 3,
        "description": "Seconds before the first retry.",
    },
    "backoff": {
        "type": "number", "minimum": 1, "maximum": 100, "default": 1,
        "description": "The factor from each pause to the next.",
    },
    "jitter": {
        "type": "number", "minimum": 0, "maximum": 1, "default": 0,
        "description": "The part of a pause by which it is lengthened at random, at most: what failed together is not retried "
        "together.",
    },
}  # fmt: skip
RETRY: Final = {
    "anyOf": [
        {"type": "integer", "minimum": 0, "maximum": 100},
        {"type": "object", "properties": RETRY_PROPERTIES, "additionalProperties": False},
    ]
}
"""The JSON Schema of the header `retry`, also used by `retry_of`."""


def _longer(jitter: float) -> float:
    """A random factor from 1 to 1 and the jitter."""
    return 1 + jitter * random.random()  # noqa: S311  # no secret


def retry_of(value: Any, name: str) -> Retry:
    """Read retries from a map or a number of times. `name` is the header or parameter, for messages. Raises ParameterError."""
    given = {"times": value} if isinstance(value, int) else value
    if not isinstance(given, Mapping):
        raise ParameterError(
            f"{name} must be a number of retries, or a map of {', '.join(RETRY_PROPERTIES)}, not {value!r}"
        )
    for key, one in given.items():
        schema = RETRY_PROPERTIES.get(key)
        if schema is None:
            raise ParameterError(f"{name} has no {key!r}: it has {', '.join(RETRY_PROPERTIES)}")
        kind = int if schema["type"] == "integer" else (int, float)
        if isinstance(one, bool) or not isinstance(one, kind) or not schema["minimum"] <= one <= schema["maximum"]:
            raise ParameterError(
                f"{name}.{key} must be a number from {schema['minimum']} to {schema['maximum']:,}, not {one!r}"
                if schema["type"] == "number"
                else f"{name}.{key} must be a whole number from {schema['minimum']} to {schema['maximum']}, not {one!r}"
            )
    return Retry(**given)
