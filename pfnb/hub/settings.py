"""How a hub is set up."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pfnb.hub.keeping.secrets_key import new_key
from pfnb.hub.past.retention import Keep
from pfnb.hub.receiving.request import Limits
from pfnb.hub.scans import ScanPlan
from pfnb.hub.secret_file import SIZE as SECRET_SIZE


@dataclass(frozen=True, slots=True)
class Settings:
    """`bodies` is the folder for bodies too large for memory; `public_url` the hub's address for outside callers; `owner` the
    hub's owner; `audit` the folder of the audit log, if there is one; `drive` the root of the users' files, a folder or a URL of
    fsspec (default: beside the bodies); `secrets_key` gives the key of the secret store, and makes one if it is called with True.
    What `secret` signs is valid for as long as the hub has this secret."""

    bodies: Path
    limits: Limits = field(default_factory=Limits)
    namespace: str = "default"
    public_url: str | None = None
    keep: Keep = field(default_factory=Keep)
    scan: ScanPlan = field(default_factory=ScanPlan)
    owner: str = ""
    audit: Path | None = None
    drive: str = field(default="", repr=False)
    secrets_key: Callable[[bool], bytes] = field(default_factory=new_key, repr=False)
    secret: bytes = field(default_factory=lambda: os.urandom(SECRET_SIZE), repr=False)
