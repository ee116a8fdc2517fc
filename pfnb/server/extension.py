"""The Jupyter Server extension: its user's hub at `<base_url>pfnb`, which the server's kernels find."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from pathlib import Path
from typing import Any, cast

from jupyter_core.paths import jupyter_data_dir, jupyter_runtime_dir
from jupyter_server.extension.application import ExtensionApp
from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import url_path_join
from sqlalchemy.exc import SQLAlchemyError
from traitlets import Float, Int, List, Unicode, Union

from pfnb import commands, functions
from pfnb.environment import CAPACITY, SIZES, setting_of
from pfnb.exceptions import PfnbError
from pfnb.http.access_log import access_log, logged_by
from pfnb.http.capacity import Capacity
from pfnb.http.handler import DEPTH, HubHandler
from pfnb.http.log_mask import MaskedLogs
from pfnb.http.origin import public_url
from pfnb.http.routes import anonymous_routes, owned_routes
from pfnb.http.server import PREFIX, segments_of
from pfnb.http.site import Site
from pfnb.hub.addresses import arrive
from pfnb.hub.clock import now
from pfnb.hub.home import Home, HubOptions
from pfnb.hub.hub import Hub
from pfnb.hub.past.retention import Keep
from pfnb.hub.people.identity import default_owner
from pfnb.hub.receiving.request import Limits
from pfnb.hub.scans import ScanPlan
from pfnb.language.running.runner import Runner
from pfnb.outbound import VARIABLE as ALLOW_TARGETS
from pfnb.outbound import Targets
from pfnb.server.door import JupyterDoor, guarded
from pfnb.server.inner import Inner
from pfnb.server.joined import joined
from pfnb.server.jupyterhub import public_address
from pfnb.server.kernels import Kernels
from pfnb.server.notebook_names import NotebookNames
from pfnb.server.older_hubs import merge_older_hubs
from pfnb.server.one_hub import OneHub
from pfnb.server.saving import SavedNotebooks
from pfnb.server.serve import kept_token
from pfnb.server.whereabouts import Whereabouts


def _help(variable: str) -> str:
    default, text = CAPACITY[variable]
    return f"{text} Default: {default:g}." if default else text


def _size_help(variable: str) -> str:
    default, text = SIZES[variable]
    return f"{text} Also {variable}. Default: {default}." if default else f"{text} Also {variable}."


class PfnbExtension(ExtensionApp):
    name = "pfnb"
    load_other_extensions = True

    data_dir = Unicode(
        help="Where webhooks and events are kept. Default: pfnb/ in Jupyter's data directory, which all your servers share."
    ).tag(config=True)
    public_url = Unicode(
        help="The hub's address as callers outside know it, such as https://hooks.example.org/pfnb. "
        "Default: PFNB_PUBLIC_URL, else what JupyterHub says, else this server's."
    ).tag(config=True)
    max_payload_length = Union([Int(), Unicode()], default_value="", help=_size_help("PFNB_MAX_PAYLOAD")).tag(
        config=True
    )
    webhook_payload_length = Union([Int(), Unicode()], default_value="", help=_size_help("PFNB_WEBHOOK_PAYLOAD")).tag(
        config=True
    )
    scan_paths = List(
        Unicode(),
        help="Folders to scan regularly for secrets of webhooks, git history included; the webhooks found are deactivated.",
    ).tag(config=True)
    scan_hours = Float(ScanPlan.hours, help="Hours between two scans.").tag(config=True)
    allow_targets = Unicode(
        help="Private targets that pipelines may call: hosts, *.example.org, addresses, networks. Also PFNB_ALLOW_TARGETS."
    ).tag(config=True)
    keep_days = Float(
        Keep.days, help="Days after which events are removed, unless a delivery is pending; 0 keeps all."
    ).tag(config=True)
    keep_megabytes = Int(
        Keep.megabytes,
        help="Megabytes beyond which the oldest events are removed, unless a delivery is pending; 0: no limit.",
    ).tag(config=True)

    _whereabouts: Whereabouts | None = None

    max_uploads = Int(0, help=_help("PFNB_MAX_UPLOADS")).tag(config=True)
    uploads_per_address = Int(0, help=_help("PFNB_UPLOADS_PER_ADDRESS")).tag(config=True)
    max_waiting = Int(0, help=_help("PFNB_MAX_WAITING")).tag(config=True)
    body_seconds = Float(0.0, help=_help("PFNB_BODY_SECONDS")).tag(config=True)
    trusted_proxies = Unicode("", help=_help("PFNB_TRUSTED_PROXIES")).tag(config=True)

    def initialize_settings(self) -> None:
        if self.allow_targets:
            os.environ[ALLOW_TARGETS] = self.allow_targets  # for this process and the kernels it starts
        Targets.from_environment(os.environ)
        server = self._server()
        self.folder = Path(self.data_dir or Path(jupyter_data_dir()) / "pfnb")
        self._options(self.folder)  # report invalid values now
        self.owner = default_owner()
        token = kept_token(self.folder)
        assert token is not None, "there is a folder"
        self.inner = Inner(token)
        name_of = NotebookNames(self.folder, server.root_dir).name_of
        self.kernels = Kernels(server.kernel_manager, server.session_manager, self.inner.url, self.owner, name_of)
        self.kernels.introduce()
        self.one_hub = OneHub(
            self.folder,
            self.inner.url,
            self.inner.vouching,
            self._make_home,
            self._make_site,
            self.log,
            self._capacity(),
        )
        saved = SavedNotebooks(self.one_hub.secrets, self.log)
        server.contents_manager.register_pre_save_hook(saved.mask)  # type: ignore[no-untyped-call]
        # Jupyter scrubs `token` from its access log; `uuid` is another name of the same secret. Requests to the hub are
        # logged by the hub, which shows only the ends of webhook secrets.
        self.settings["extra_log_scrub_param_keys"] = [*self.settings.get("extra_log_scrub_param_keys", []), "uuid"]
        self.settings["log_function"] = logged_by(server.web_app.settings["log_function"], HubHandler)
        self.settings[DEPTH] = segments_of(url_path_join(server.base_url, PREFIX))
        access_log.parent, access_log.level = self.log, self.log.getEffectiveLevel()
        self.logs = MaskedLogs(self.one_hub.secrets, self.one_hub.stored_secrets)
        self.logs.begin(server.log, *server.log.handlers)

    def initialize_handlers(self) -> None:
        """Jupyter Server puts its base_url before each of these patterns."""
        nowhere = cast(Site, None)  # set for each request
        owned = owned_routes(nowhere, JupyterDoor, {"owner": self.owner})
        for routes, anonymous in ((anonymous_routes(nowhere), True), (owned, False)):
            for pattern, handler, settings in joined(routes, self.one_hub, self.kernels.peer_of):
                self.handlers.append((PREFIX + pattern, guarded(handler, anonymous=anonymous), settings))

    async def _start_jupyter_server_extension(self, _serverapp: Any) -> None:
        self.inner.open(self.one_hub, self.owner, self.kernels.peer_of, self._capacity())
        await self.one_hub.open()
        self._whereabouts = Whereabouts(Path(jupyter_runtime_dir()), self.inner.url, self.folder)
        await asyncio.to_thread(self._whereabouts.write)

    async def stop_extension(self) -> None:
        if self._whereabouts is not None:
            await asyncio.to_thread(self._whereabouts.remove)
        await self.one_hub.close()
        await self.inner.close()
        self.logs.end()

    def _make_home(self) -> Home:
        home = Home(self._options(self.folder))
        if not self.data_dir:
            try:
                merge_older_hubs(self.folder, self.log)
            except (OSError, sqlite3.Error, SQLAlchemyError, PfnbError) as error:
                self.log.error("pfnb: a folder of an older version cannot be merged and stays unchanged: %s", error)
        return home

    def _make_site(self, hub: Hub) -> Site:
        hub.addresses = arrive(self.folder, hub.settings.public_url or self._url(), now())
        if moved := hub.moved(self.owner):
            self.log.warning("pfnb: %s", moved)
        return Site(
            hub,
            Runner(commands.load(), functions.registry),
            self._url,
            self.kernels.peer_of,
            inner_url=self.inner.url,
            capacity=self._capacity(),
        )

    def _server(self) -> ServerApp:
        assert self.serverapp is not None, "an extension is loaded by its server"
        return self.serverapp

    def _url(self) -> str:
        """The hub's address for its owner's browser; the inner one if the server listens on a unix socket."""
        server = self._server()
        return self.inner.url if server.sock else url_path_join(server.connection_url, PREFIX)

    def _capacity(self) -> Capacity:
        """The limits that are left to us: Jupyter manages connections and proxies."""
        given = {name: getattr(self, name) for name in map(setting_of, CAPACITY) if self.has_trait(name)}
        return Capacity.chosen(os.environ, {name: value for name, value in given.items() if value})

    def _options(self, folder: Path) -> HubOptions:
        sizes = {"max_payload": self.max_payload_length, "webhook_payload": self.webhook_payload_length}
        return HubOptions(
            folder,
            Limits.chosen(os.environ, sizes),
            public_url(os.environ, self.public_url, "PfnbExtension.public_url") or _of_jupyterhub(),
            keep=Keep(self.keep_days, self.keep_megabytes),
            scan=ScanPlan(tuple(Path(path).expanduser() for path in self.scan_paths), self.scan_hours),
        )


def _of_jupyterhub() -> str | None:
    server = public_address(os.environ)
    return server and server + PREFIX
