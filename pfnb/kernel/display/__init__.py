"""How webhooks, events and listeners look in a notebook, as mime bundles of inert HTML and text.

A bundle is `{"text/plain": …, "text/html": …}`, for IPython's `display(bundle, raw=True)`.
"""

from pfnb.kernel.display.event import event_bundle
from pfnb.kernel.display.events import events_bundle
from pfnb.kernel.display.leaks import leaks_bundle
from pfnb.kernel.display.listeners import listeners_bundle
from pfnb.kernel.display.runs import replayed_bundle, runs_bundle, steps_bundle
from pfnb.kernel.display.webhook import webhook_bundle, webhooks_bundle

__all__ = [
    "event_bundle",
    "events_bundle",
    "leaks_bundle",
    "listeners_bundle",
    "replayed_bundle",
    "runs_bundle",
    "steps_bundle",
    "webhook_bundle",
    "webhooks_bundle",
]
