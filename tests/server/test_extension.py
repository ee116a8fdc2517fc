"""Where the hub of a Jupyter Server keeps its data."""

from __future__ import annotations

from pathlib import Path

import pytest

from pfnb.exceptions import BusyError
from pfnb.server.extension import PfnbExtension


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    return tmp_path


async def test_further_servers_of_one_user_have_hubs_of_their_own(data_dir: Path) -> None:
    homes = [PfnbExtension()._open_home() for _ in range(3)]
    assert [home.folder for home in homes] == [data_dir / "pfnb", data_dir / "pfnb-2", data_dir / "pfnb-3"]
    for home in homes:
        await home.open()
        await home.close()
    again = PfnbExtension()._open_home()
    assert again.folder == data_dir / "pfnb"
    await again.open()
    await again.close()


async def test_a_configured_folder_that_is_in_use_is_an_error(data_dir: Path) -> None:
    home = PfnbExtension(data_dir=str(data_dir / "mine"))._open_home()
    with pytest.raises(BusyError, match="another hub is using"):
        PfnbExtension(data_dir=str(data_dir / "mine"))._open_home()
    await home.open()
    await home.close()


async def test_limits_and_address_come_from_the_configuration() -> None:
    home = PfnbExtension(max_payload_length=1000, public_url="https://hooks.example.org/pfnb")._open_home()
    assert (home.hub.settings.limits.hard, home.hub.settings.public_url) == (1000, "https://hooks.example.org/pfnb")
    await home.open()
    await home.close()
