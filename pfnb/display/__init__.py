"""How webhooks, events and listeners look in a notebook, as mime bundles of inert HTML and text.

A bundle is `{"text/plain": …, "text/html": …}`, for IPython's `display(bundle, raw=True)`.
"""

from pfnb.display.event import event_bundle
from pfnb.display.events import events_bundle
from pfnb.display.leaks import leaks_bundle
from pfnb.display.listeners import listeners_bundle
from pfnb.display.runs import failed_bundle, replayed_bundle, runs_bundle, steps_bundle
from pfnb.display.webhook import webhook_bundle, webhooks_bundle

__all__ = [
    "event_bundle",
    "events_bundle",
    "failed_bundle",
    "leaks_bundle",
    "listeners_bundle",
    "replayed_bundle",
    "runs_bundle",
    "steps_bundle",
    "webhook_bundle",
    "webhooks_bundle",
]
