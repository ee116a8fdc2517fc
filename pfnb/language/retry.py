"""How often, and after which pauses, something that failed is tried again: a step (`onError`) or an event (header `retry`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from pfnb.exceptions import ParameterError

MAX_WAIT: Final = 86_400
"""Seconds that a pause lasts at most, however often it has grown."""


@dataclass(frozen=True, slots=True, config={"extra": "forbid"})
class Retry:
    """`times` does not count the first try. Without `backoff` all pauses are the same."""

    times: Annotated[int, Field(ge=0, le=100, description="How often at most, after the first time.")] = 1
    wait: Annotated[float, Field(ge=0, le=MAX_WAIT, description="Seconds before the first retry.")] = 3
    backoff: Annotated[float, Field(ge=1, le=100, description="What each pause is multiplied by for the next.")] = 1

    def delay(self, retry: int) -> float:
        """Seconds to wait before this retry, which counts from 1."""
        return min(self.wait * self.backoff ** min(retry - 1, 100), MAX_WAIT)


_RETRY: Final = TypeAdapter(Retry)
RETRY_PROPERTIES: Final[Mapping[str, Any]] = _RETRY.json_schema()["properties"]
RETRY: Final = {"anyOf": [{"type": "integer", "minimum": 0, "maximum": 100}, _RETRY.json_schema()]}
"""The JSON Schema of the header `retry`."""


def retry_of(value: Any, name: str) -> Retry:
    """The retries in a map, or in a number of times. `name` is what the author wrote them under. Raises ParameterError."""
    try:
        return _RETRY.validate_python({"times": value} if isinstance(value, int) else value)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in (name, *problem["loc"]))
        raise ParameterError(f"{where}: {problem['msg'][:1].lower()}{problem['msg'][1:]}") from None
