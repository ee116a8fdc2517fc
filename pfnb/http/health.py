"""`healthz`: says whether the hub takes requests, and nothing else."""

from __future__ import annotations

from pfnb.http.handler import HubHandler


class HealthHandler(HubHandler):
    def get(self) -> None:
        if self.site.hub.ready:
            self.answer({"status": "ok"})
        else:
            self.answer({"status": "unavailable"}, 503)
