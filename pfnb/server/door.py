"""Authentication in a Jupyter Server: by Jupyter's cookie or an Authorization header, then by its authorizer."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import ensure_async
from tornado.web import HTTPError, RequestHandler, authenticated

from pfnb.exceptions import AccessDeniedError, NotAuthenticatedError, PfnbError
from pfnb.http.door import Door, note_failure
from pfnb.http.handler import HubHandler
from pfnb.http.secret import authorization_token, basic_login
from pfnb.http.site import Caller, Site

UNAUTHENTICATED = "log in to this Jupyter Server, or send `Authorization: token …`"


class JupyterDoor(JupyterHandler, Door):
    """Authenticates as Jupyter's own handlers do; answers and errors are the hub's."""

    owner: str

    def initialize(self, site: Site, owner: str = "") -> None:
        Door.initialize(self, site)
        self.owner = owner

    async def caller(self) -> Caller:
        caller = self.by_api_token()
        if caller is not None:
            self.current_user = caller.user
            return caller
        by_cookie = await self.jupyter_login()
        if by_cookie is not False and (caller := await self.by_password()) is not None:
            self.current_user = caller.user
            return caller
        if by_cookie is None:
            await note_failure(self.site, self.request)
            raise NotAuthenticatedError(UNAUTHENTICATED)
        return self.by_login(self.owner, by_cookie=by_cookie)

    async def jupyter_login(self) -> bool | None:
        """For a caller whom Jupyter lets in, whether by cookie alone; None for anybody else. AccessDeniedError if the authorizer
        refuses."""
        login, headers = basic_login(self.request), self.request.headers
        sent = headers.get("Authorization")
        if login is not None and login.name == self.owner:
            # Jupyter takes its token only in this form.
            headers["Authorization"] = f"token {login.password}"
        try:
            await JupyterHandler.prepare(self, _redirect_to_login=False)
        finally:
            if sent is not None:
                headers["Authorization"] = sent
        if self.current_user is None:
            return None
        allowed = await ensure_async(self.authorizer.is_authorized(self, self.current_user, "execute", "pfnb"))
        if not allowed:
            raise AccessDeniedError("this Jupyter Server's authorizer does not allow you to execute pfnb commands")
        return not self.token_authenticated

    def check_xsrf_cookie(self) -> None:
        """Skip the check for requests with a token of the hub, which Jupyter does not know: other sites' pages cannot send that
        header. If another server has the hub, that one checks tokens; beside a token or a password, cookies are ignored."""
        token = authorization_token(self.request)
        if token is not None and (self.site is None or basic_login(self.request) is not None):
            return
        if self.site is None or self.user_of(token) is None:
            try:
                super().check_xsrf_cookie()
            except HTTPError:
                raise self._turned_away(token) from None

    def _turned_away(self, token: str | None) -> PfnbError:
        """Why a caller without a cookie that counts may not change anything."""
        if token is None:
            return AccessDeniedError(f"{UNAUTHENTICATED}; a cookie needs Jupyter's XSRF token beside it")
        self.site.hub.tasks.spawn(note_failure(self.site, self.request), "pfnb failed login")
        return NotAuthenticatedError(
            "this Jupyter Server does not know this token: use its own, or an API token of a user"
        )

    def get_login_url(self) -> str:
        """Callers are programs: answer 401 or 403 instead of redirecting to a login page."""
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
        """Say why `prepare` refused the caller of an upload: the decorator of its method comes first, and does not know."""
        if (refused := getattr(self, "_refused", None)) is not None:
            kwargs["exc_info"] = (type(refused), refused, None)
        Door.write_error(self, status_code, **kwargs)


def guarded(handler: type[RequestHandler], *, anonymous: bool) -> type[RequestHandler]:
    """The handler with its methods decorated as Jupyter Server requires."""
    mark = allow_unauthenticated if anonymous else authenticated
    methods = {
        name: mark(getattr(handler, name))
        for name in (method.lower() for method in handler.SUPPORTED_METHODS)
        if getattr(handler, name) is not RequestHandler._unimplemented_method
    }
    return type(handler.__name__, (handler,), methods)
