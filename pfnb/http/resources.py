"""Static files of apps, from the property store: `global/app/<app>/resource/<path>`."""

from __future__ import annotations

import mimetypes
from pathlib import PurePosixPath
from urllib.parse import unquote

from tornado.web import stream_request_body

from pfnb.exceptions import AccessDeniedError, NotFoundError
from pfnb.http.bodiless import BodilessHandler
from pfnb.http.door import Door
from pfnb.http.site import Caller
from pfnb.hub.records.property_path import relative_path
from pfnb.language.media_types import media_type
from pfnb.language.running.calls import BY_UUID
from pfnb.rows.property import PropertyRow

READ = "property.get"
"""Who may run this command may read resources."""
FOLDER = "resource"
_TEXTS = ("text/", "application/json", "application/javascript", "application/xml", "image/svg+xml")


@stream_request_body
class ResourceHandler(BodilessHandler, Door):
    """`GET {hub}/api/v3/resource/<app>/<path>`, or `/resource/uuid:<uuid>`. A path may have the extension that `pi publish` has
    left out. Pages are shown in a sandbox: they run no scripts."""

    _caller: Caller

    async def prepare(self) -> None:
        self.refuse_body()
        self._caller = await self.caller()

    async def get(self, path: str) -> None:
        user = self._caller.user
        if not user.may_run(self.site.runner.registry.get(READ)):
            raise AccessDeniedError(f"{user.name} may not run {READ}, and so read no resources")
        path = unquote(path)
        found = await self._found(path)
        kind = _type_of(found, path)
        await self.answer_as_set(found["value"] or "", 200, {"Content-Type": kind})

    async def _found(self, path: str) -> PropertyRow:
        """The property of this resource. NotFoundError."""
        access = self.site.access(self._caller.user, self._caller.origin)
        if path.startswith(BY_UUID):
            found = await access.get_property(path)
            below = relative_path(found["path"], self.site.hub.settings.namespace)
            if below.startswith("global/app/") and below.split("/")[3:4] == [FOLDER]:
                return found
            raise NotFoundError(f"there is no resource {path}: this property is not in the folder {FOLDER} of an app")
        app, _, name = path.partition("/")
        if not app or not name:
            raise NotFoundError("a resource is named by its app and its path: /api/v3/resource/myapp/logo.svg")
        whole = f"global/app/{app}/{FOLDER}/{name}"
        try:
            return await access.get_property(whole)
        except NotFoundError:
            ending = PurePosixPath(name).suffix
            if not ending:
                raise
            return await access.get_property(whole.removesuffix(ending))


def _type_of(found: PropertyRow, path: str) -> str:
    """The type of its property, without parameters that only the property store knows; else by its name."""
    kind = media_type(found["type"] or "") or mimetypes.guess_type(path)[0] or "text/plain"
    return f"{kind}; charset=utf-8" if kind.startswith(_TEXTS) else kind
