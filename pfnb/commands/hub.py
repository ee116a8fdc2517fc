"""The state of the hub."""

from __future__ import annotations

from pfnb.commands import command
from pfnb.language.context import Context
from pfnb.rows.hub import HubStatus


@command("hub.status", read_only=True, in_hub=True)
async def status(context: Context) -> HubStatus:
    """Show the hub's state for you: its `url`, the `publicUrl` for callers outside, its `version`, the largest body that it takes
    (`maxPayload`, in bytes), whether it is `durable`, and how many active `webhooks` and `listeners` you
    have, how many of these are `away`, and how many deliveries are `waiting` for them. `problems` are sentences: why stored
    pipelines do not run, or that the address of webhooks has changed.

    Example:
        pipeline:
          - webhook.put: {eventKey: webhook.lead.created}
          - hub.status
          - body.set: "#{body.webhooks}"
        # => 1
    """
    return await context.hub.status()
