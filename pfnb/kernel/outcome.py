"""How a run ended, as `finish_delivery` wants it."""

from __future__ import annotations

import json
from typing import Any

from pfnb.exceptions import PfnbError, StepError
from pfnb.language.run import RunResult, steps_of


def failed(error: PfnbError) -> dict[str, Any]:
    """The end of a run, or of reporting it, with this error."""
    steps = [record.to_json() for record in steps_of(error)]
    return {"status": "failed", "error": error.to_json(), "steps": steps}


def unexpected(error: Exception) -> StepError:
    """What broke a run off without being an error of pfnb's own."""
    failure = StepError(f"the run broke off with {type(error).__name__}: {error}")
    failure.__cause__ = error
    return failure


def succeeded(result: RunResult) -> dict[str, Any]:
    """The end of a run with this result."""
    response = result.response
    return {
        "status": "succeeded",
        "value": plain(result.body),
        "response": None
        if response is None
        else {"status": response.status, "headers": dict(response.headers), "body": plain(response.body)},
        "steps": [record.to_json() for record in result.steps],
        "skipped": result.skipped,
    }


def plain(value: Any) -> Any:
    """The value itself if JSON has it, else what the HTTP API would make of it; as a text if that makes nothing of it."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return _made_plain(value)
    return value


def _made_plain(value: Any) -> Any:
    from pfnb.http.handler import to_json

    try:
        return json.loads(to_json(value))
    except (TypeError, ValueError, RecursionError):
        return str(value)
