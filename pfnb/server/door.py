"""Who may come in at a Jupyter Server: whoever Jupyter lets in, by its cookie or an Authorization header, and its authorizer."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import ensure_async
from tornado.web import RequestHandler, authenticated

from pfnb.exceptions import AccessDeniedError, NotAuthenticatedError
from pfnb.http.door import Door
from pfnb.http.handler import HubHandler
from pfnb.http.secret import authorization_token
from pfnb.http.site import Caller, Site

UNAUTHENTICATED = "log in to this Jupyter Server, or send `Authorization: token …`"


class JupyterDoor(JupyterHandler, Door):
    """Jupyter's own handler decides; answers and errors stay the hub's."""

    owner: str

    def initialize(self, site: Site, owner: str = "") -> None:
        Door.initialize(self, site)
        self.owner = owner

    async def caller(self) -> Caller:
        user = self.user_of(authorization_token(self.request))
        if user is not None:
            self.current_user = user
            return Caller(user)
        await JupyterHandler.prepare(self, _redirect_to_login=False)
        if self.current_user is None:
            raise NotAuthenticatedError(UNAUTHENTICATED)
        allowed = await ensure_async(self.authorizer.is_authorized(self, self.current_user, "execute", "pfnb"))
        if not allowed:
            raise AccessDeniedError("this Jupyter Server's authorizer does not allow you to execute pfnb commands")
        return Caller(self.site.hub.users.user(self.owner), by_cookie=not self.token_authenticated)

    def check_xsrf_cookie(self) -> None:
        """A token of the hub's own comes in a header, which no other site's page can send; Jupyter does not know it."""
        if self.user_of(authorization_token(self.request)) is None:
            super().check_xsrf_cookie()

    def get_login_url(self) -> str:
        """A program asks, not a person: it is told to authenticate instead of being led to a login page."""
        if self.current_user is None:
            raise NotAuthenticatedError(UNAUTHENTICATED)
        return str(super().get_login_url())

    def get_argument(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Below the hub's address a `token` in query or form is a webhook's: Jupyter's identity provider must not see it."""
        if name == "token":
            return args[0] if args else kwargs.get("default")
        return super().get_argument(name, *args, **kwargs)

    def set_default_headers(self) -> None:
        HubHandler.set_default_headers(self)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        HubHandler.write_error(self, status_code, **kwargs)


def guarded(handler: type[RequestHandler], *, anonymous: bool) -> type[RequestHandler]:
    """The handler with its methods marked as Jupyter Server wants every method marked."""
    mark = allow_unauthenticated if anonymous else authenticated
    methods = {
        name: mark(getattr(handler, name))
        for name in (method.lower() for method in handler.SUPPORTED_METHODS)
        if getattr(handler, name) is not RequestHandler._unimplemented_method
    }
    return type(handler.__name__, (handler,), methods)
