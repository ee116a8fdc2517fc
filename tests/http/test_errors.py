"""What a caller is answered when the machine, and not the hub, has the fault."""

from __future__ import annotations

import errno

import pytest

from pfnb.http.errors import error_answer
from pfnb.hub.supervision import NO_THREAD


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError(NO_THREAD), OSError(errno.EMFILE, "Too many open files")]
)
def test_what_the_machine_lacks_is_no_fault_of_what_was_asked(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    status, body, headers = error_answer(error)
    assert (status, body["errorType"], headers) == (503, "StoreBusyError", {"Retry-After": "10"})
    assert caplog.text == "", "the access log has it once a minute"
    assert error_answer(RuntimeError("another"))[0] == 500
