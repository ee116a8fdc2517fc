"""Who may come in where something is owned: a door says who is asking. This one knows a single token; Jupyter has its own."""

from __future__ import annotations

from pfnb.exceptions import AccessDeniedError, NotAuthenticatedError
from pfnb.http.handler import HubHandler
from pfnb.http.secret import authorization_token, same_secret
from pfnb.http.site import Caller, Site
from pfnb.language.command import Command
from pfnb.language.port import User


class Door(HubHandler):
    """What the authenticated handlers ask. Subclasses say who is there."""

    async def caller(self) -> Caller:
        """NotAuthenticatedError, or AccessDeniedError, when nobody may come in."""
        raise NotImplementedError

    def user_of(self, token: str | None) -> User | None:
        """Whose API token of this hub it is."""
        return self.site.hub.users.by_token(token)


class TokenDoor(Door):
    """The hub's own token is its owner's, API tokens are their users': the door of `pfnb serve` and of a hub within a kernel."""

    token: str
    owner: str

    def initialize(self, site: Site, token: str = "", owner: str = "") -> None:
        super().initialize(site)
        self.token = token
        self.owner = owner

    def check_xsrf_cookie(self) -> None:
        """No cookie lets anybody in here, so none can be abused."""

    async def caller(self) -> Caller:
        given = authorization_token(self.request)
        user = self.site.hub.users.user(self.owner) if same_secret(given, self.token) else self.user_of(given)
        if user is None:
            raise NotAuthenticatedError("this needs the hub's token: send it as `Authorization: token …`")
        return Caller(user)


def check_method(caller: Caller, method: str | None, command: Command) -> None:
    """AccessDeniedError for a GET that only a cookie authenticates and that would change something: a link could do it."""
    if caller.by_cookie and method == "GET" and not command.read_only:
        raise AccessDeniedError(
            f"{command.name} is not read-only: use POST with XSRF token, or an Authorization header"
        )
