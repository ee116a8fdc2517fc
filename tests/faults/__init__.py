"""What `make faults` runs: real processes with faults at random moments."""

from __future__ import annotations

import os

SECONDS = int(os.environ.get("FAULTS_SECONDS", "60"))
"""How long a test goes on that could go on for ever."""
