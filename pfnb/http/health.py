"""`healthz`: says whether the hub takes requests and can store them; reveals nothing else."""

from __future__ import annotations

from tornado.web import stream_request_body

from pfnb.http.bodiless import BodilessHandler


@stream_request_body
class HealthHandler(BodilessHandler):
    async def get(self) -> None:
        hub = self.site.hub
        if hub.ready and await hub.store.is_well():
            self.answer({"status": "ok"})
        else:
            self.answer({"status": "unavailable"}, 503)
