"""No log of all the processes that had faults has a secret in it, or what callers sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.http.conftest import UUID
from tests.live import served
from tests.live.house import IN_BODY, IN_HEADER, TOKEN
from tests.security import test_connections

UUIDS = (UUID, test_connections.UUID)
SECRETS = (
    *(form for uuid in UUIDS for form in (uuid, uuid.replace("-", ""), uuid[:23])),
    TOKEN,
    served.TOKEN,
    IN_BODY,
    IN_HEADER,
)


@pytest.mark.faults
def test_no_log_of_the_tests_of_faults_has_a_secret(logs: Path) -> None:
    written = {path: path.read_text(errors="replace").lower() for path in logs.rglob("*.log")}
    if not any(written.values()):
        pytest.skip("run it with the tests whose logs it reads")
    found = [(str(path), secret) for path, text in written.items() for secret in SECRETS if secret.lower() in text]
    assert found == []
