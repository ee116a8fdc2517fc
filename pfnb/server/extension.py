"""The Jupyter Server extension: one hub a server, at `<base_url>pfnb`, found by the kernels that the server starts."""

from __future__ import annotations

import itertools
import os
import re
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_data_dir
from jupyter_server.extension.application import ExtensionApp
from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import url_path_join
from traitlets import Float, Int, List, Unicode

from pfnb import commands
from pfnb.exceptions import BusyError
from pfnb.http.access_log import access_log, logged_by
from pfnb.http.handler import HubHandler
from pfnb.http.routes import anonymous_routes, owned_routes
from pfnb.http.site import Site
from pfnb.hub.home import Home, HubOptions
from pfnb.hub.identity import default_owner
from pfnb.hub.request import Limits
from pfnb.hub.retention import Keep
from pfnb.hub.scans import ScanPlan
from pfnb.language.runner import Runner
from pfnb.outbound.targets import VARIABLE as ALLOW_TARGETS
from pfnb.server.door import JupyterDoor, guarded
from pfnb.server.kernels import Kernels
from pfnb.server.saving import SavedNotebooks

MAX_HUBS = 100


class PfnbExtension(ExtensionApp):
    name = "pfnb"
    load_other_extensions = True

    data_dir = Unicode(
        help="Where webhooks and events are kept. Default: pfnb/ in Jupyter's data directory; pfnb-2/ … for further servers."
    ).tag(config=True)
    public_url = Unicode(
        help="The hub's address as callers outside know it, such as https://hooks.example.org/pfnb. Default: this server's."
    ).tag(config=True)
    max_payload_length = Int(Limits.hard, help="The most bytes that any request to a webhook may have.").tag(
        config=True
    )
    scan_paths = List(
        Unicode(),
        help="Folders to look through now and then for secrets of webhooks, git history included; those found fire no more.",
    ).tag(config=True)
    scan_hours = Float(ScanPlan.hours, help="Hours between two such scans.").tag(config=True)
    allow_targets = Unicode(
        help="Private addresses that pipelines may call nevertheless: hosts or networks. Kernels get it as PFNB_ALLOW_TARGETS."
    ).tag(config=True)
    keep_days = Float(
        Keep.days, help="Events that are older are removed, unless something of theirs is pending; 0 keeps all."
    ).tag(config=True)
    keep_megabytes = Int(
        Keep.megabytes, help="Beyond this the oldest events are removed, unless something is pending; 0 is without end."
    ).tag(config=True)

    def initialize_settings(self) -> None:
        self.home = self._open_home()
        self.log.info("pfnb keeps webhooks and events in %s", self.home.folder)
        server = self._server()
        owner = default_owner()
        kernels = Kernels(server.kernel_manager, server.session_manager, self._url, owner)
        kernels.introduce()
        saved = SavedNotebooks(self.home.hub.webhooks.secrets, self.log)
        server.contents_manager.register_pre_save_hook(saved.mask)  # type: ignore[no-untyped-call]
        if self.allow_targets:
            os.environ[ALLOW_TARGETS] = self.allow_targets  # of this process and of the kernels it starts
        self.owner = owner
        self.site = Site(self.home.hub, Runner(commands.load()), self._url, kernels.peer_of)
        # Jupyter scrubs `token` from its access log; the uuid is the same secret under its other name. Requests to the hub are
        # logged by the hub, which tells webhooks by the ends of their secrets.
        self.settings["extra_log_scrub_param_keys"] = [*self.settings.get("extra_log_scrub_param_keys", []), "uuid"]
        self.settings["log_function"] = logged_by(server.web_app.settings["log_function"], HubHandler)
        access_log.parent, access_log.level = self.log, self.log.getEffectiveLevel()

    def initialize_handlers(self) -> None:
        prefix = re.escape(url_path_join(self._server().base_url, "pfnb"))
        owned = owned_routes(self.site, JupyterDoor, {"owner": self.owner})
        for routes, anonymous in ((anonymous_routes(self.site), True), (owned, False)):
            for pattern, handler, settings in routes:
                self.handlers.append((prefix + pattern, guarded(handler, anonymous=anonymous), settings))

    async def _start_jupyter_server_extension(self, _serverapp: Any) -> None:
        await self.home.open()
        self.site.open()
        self.log.info("pfnb hub ready at %s", self._url())

    async def stop_extension(self) -> None:
        await self.site.close()
        await self.home.close()

    def _server(self) -> ServerApp:
        assert self.serverapp is not None, "an extension is loaded by its server"
        return self.serverapp

    def _url(self) -> str:
        return url_path_join(self._server().connection_url, "pfnb")

    def _open_home(self) -> Home:
        """The configured data directory, or the first default one that no other server of this user has open."""
        if self.data_dir:
            return Home(self._options(Path(self.data_dir)))
        for number in itertools.count(1):
            folder = Path(jupyter_data_dir()) / (f"pfnb-{number}" if number > 1 else "pfnb")
            try:
                return Home(self._options(folder))
            except BusyError:
                if number == MAX_HUBS:
                    raise
        raise AssertionError("itertools.count does not end")

    def _options(self, folder: Path) -> HubOptions:
        return HubOptions(
            folder,
            Limits(hard=self.max_payload_length),
            self.public_url or None,
            keep=Keep(self.keep_days, self.keep_megabytes),
            scan=ScanPlan(tuple(Path(path).expanduser() for path in self.scan_paths), self.scan_hours),
        )
