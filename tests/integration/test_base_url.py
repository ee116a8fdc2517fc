"""A Jupyter Server below a prefix, as JupyterHub, Binder and proxies have it: its hub is below it once, for everybody."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.live.cells import run_cell
from tests.live.environment import own_environment
from tests.live.hub import HubClient
from tests.live.jupyter_server import jupyter_server

TOKEN = "base-url-token"
LISTEN = """%%pipeline lead
pipeline:
  - event.listen: {key: webhook.prefix}
  - body.set: "got #{body.payload.n}"
"""


@pytest.mark.parametrize(
    "base_url", [pytest.param("/foo/", marks=pytest.mark.faults), "foo/bar", "/user/ada%40example.org/"]
)
def test_a_webhook_below_a_prefix_reaches_its_notebook(base_url: str, tmp_path: Path) -> None:
    (tmp_path / "notebooks").mkdir()
    path = f"/{base_url.strip('/')}/pfnb"
    with jupyter_server(
        tmp_path / "notebooks", own_environment(tmp_path), TOKEN, tmp_path / "server.log", base_url=base_url
    ) as server:
        assert httpx.URL(server.hub_url).raw_path.decode() == path
        with server.notebook_kernel("a.ipynb") as kernel:
            says = str(run_cell(kernel, "%load_ext pfnb"))
            assert f"{path} (events survive" in says
            run_cell(kernel, LISTEN)
            hub = HubClient(server.hub_url, TOKEN)
            webhook = hub.command("webhook.put", eventKey="webhook.prefix", payloadType="raw")
            assert (
                httpx.URL(webhook["webhookUrl"]).raw_path.decode().startswith(f"{path}/api/v3/command/webhook.receive?")
            )
            answer = httpx.post(f"{webhook['webhookUrl']}&wait=true", json={"n": 1}, timeout=30, trust_env=False)
            assert answer.json() == {"status": "finished", "statusCode": 200, "value": "got 1"}
            answer = httpx.put(f"{webhook['pathUrl']}?wait=true", json={"n": 2}, timeout=30, trust_env=False)
            assert answer.json()["value"] == "got 2"
            with httpx.Client(headers={"Authorization": f"token {TOKEN}"}, trust_env=False) as owner:
                document = owner.get(f"{server.hub_url}/api/v3/openapi.json").json()
                assert httpx.URL(document["servers"][0]["url"]).raw_path.decode() == path
            hub.close()
