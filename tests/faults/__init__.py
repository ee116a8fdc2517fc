"""What `make faults` runs: real processes with faults at random moments."""

from __future__ import annotations

import os

SECONDS = int(os.environ.get("FAULTS_SECONDS", "60"))
"""How long an endless test runs."""
