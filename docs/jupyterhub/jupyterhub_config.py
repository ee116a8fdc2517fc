"""JupyterHub with pfnb as a service: webhooks are received whether or not anybody's own server runs.

Append this to your configuration. `PFNB_TOKEN` in JupyterHub's own environment is the service's token: make one with
`python -c 'import secrets; print(secrets.token_urlsafe(24))'` and keep it, since notebooks that run already use it.
"""

import os

c = get_config()  # noqa: F821 - JupyterHub defines it

PORT = int(os.environ.get("PFNB_SERVICE_PORT", "8899"))
DATA = os.environ.get("PFNB_SERVICE_DATA", "/srv/pfnb")
TOKEN = os.environ["PFNB_TOKEN"]

# JupyterHub starts it, and starts it again if it ends. Its address is https://<your hub>/services/pfnb
c.JupyterHub.services.append(
    {
        "name": "pfnb",
        "url": f"http://127.0.0.1:{PORT}",
        "command": ["pfnb", "serve", "--data-dir", DATA],
        "environment": {"PFNB_TOKEN": TOKEN},
        "display": False,
    }
)

# Every notebook uses this hub instead of one in its own server. All users share it: see docs/jupyterhub.md.
c.Spawner.environment.update({"PFNB_URL": f"http://127.0.0.1:{PORT}/services/pfnb", "PFNB_TOKEN": TOKEN})

# The address that webhooks show. Without it, nobody outside of this machine knows how to reach them.
# c.JupyterHub.public_url = "https://jupyter.example.org"
