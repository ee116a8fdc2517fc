"""What a Jupyter Server's hub takes from the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from pfnb.exceptions import ParameterError
from pfnb.server.extension import PfnbExtension


def test_limits_and_address_come_from_the_configuration(tmp_path: Path) -> None:
    options = PfnbExtension(max_payload_length=1000, public_url="https://hooks.example.org/pfnb")._options(tmp_path)
    assert (options.limits.hard, options.limits.webhook) == (1000, 1000)
    assert options.public_url == "https://hooks.example.org/pfnb"
    options = PfnbExtension(max_payload_length="30MB", webhook_payload_length="2MB")._options(tmp_path)
    assert (options.limits.hard, options.limits.webhook) == (30 * 1024**2, 2 * 1024**2)


def test_limits_come_from_the_environment_where_the_configuration_does_not_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PFNB_MAX_PAYLOAD", "30MB")
    assert PfnbExtension()._options(tmp_path).limits.hard == 30 * 1024**2
    assert PfnbExtension(max_payload_length="1MB")._options(tmp_path).limits.hard == 1024**2
    monkeypatch.setenv("PFNB_MAX_PAYLOAD", "much")
    with pytest.raises(ParameterError, match="PFNB_MAX_PAYLOAD must be a size"):
        PfnbExtension()._options(tmp_path)


def test_trusted_proxies_come_from_the_configuration() -> None:
    found = PfnbExtension(trusted_proxies="10.0.0.0/8, ::1")._capacity().trusted_proxies
    assert list(map(str, found)) == ["10.0.0.0/8", "::1/128"]
    with pytest.raises(ParameterError, match="trusted_proxies must"):
        PfnbExtension(trusted_proxies="proxy")._capacity()
