"""The guide of PIPEFORCE's webhooks, walked through on real parts."""

from tests.http.conftest import anyone, owner, server

__all__ = ["anyone", "owner", "server"]
