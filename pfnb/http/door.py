"""Authentication: a door says who is asking. The one here knows a single token; Jupyter has its own."""

from __future__ import annotations

from tornado.httputil import HTTPServerRequest

from pfnb.exceptions import AccessDeniedError, NotAuthenticatedError
from pfnb.http.handler import HubHandler
from pfnb.http.secret import authorization_token, same_secret
from pfnb.http.site import Caller, Site
from pfnb.http.vouch import vouched_for
from pfnb.hub.origin import Origin
from pfnb.language.command import Command
from pfnb.language.port import User


class Door(HubHandler):
    """Authentication for handlers. Subclasses identify the caller."""

    async def caller(self) -> Caller:
        """NotAuthenticatedError or AccessDeniedError when the caller may not come in."""
        raise NotImplementedError

    def user_of(self, token: str | None) -> User | None:
        """The user whose API token of this hub this is."""
        return self.site.hub.users.by_token(token)

    def by_api_token(self) -> Caller | None:
        """The caller, if the request has an API token of this hub."""
        found = self.site.hub.users.token_of(authorization_token(self.request))
        if found is None:
            return None
        user, token = found
        address, is_scoped = self.site.address_of(self.request), token.scope is not None
        return Caller(user, Origin("token", address=address, token=token.id, expires=token.expires, scoped=is_scoped))

    def by_login(self, owner: str, *, by_cookie: bool = False) -> Caller:
        """The hub's owner, by its token or Jupyter's login."""
        origin = Origin("login", address=self.site.address_of(self.request))
        return Caller(self.site.hub.users.user(owner), origin, by_cookie=by_cookie)


class TokenDoor(Door):
    """The door of `pfnb serve` and of a hub within a kernel: the hub's own token is its owner's, API tokens are their users'."""

    token: str
    owner: str

    def initialize(self, site: Site, token: str = "", owner: str = "") -> None:
        super().initialize(site)
        self.token = token
        self.owner = owner

    def check_xsrf_cookie(self) -> None:
        """Cookies are never accepted here; XSRF does not apply."""

    async def caller(self) -> Caller:
        if same_secret(authorization_token(self.request), self.token):
            return self.by_login(self.owner)
        vouched = vouched_for(self.request)
        if vouched is not None and vouched.login:
            return self.by_login(self.owner, by_cookie=vouched.by_cookie)
        caller = self.by_api_token()
        if caller is None:
            await note_failure(self.site, self.request)
            if authorization_token(self.request) is not None:
                raise NotAuthenticatedError("the hub does not know this token: use its own, or an API token of a user")
            raise NotAuthenticatedError("the hub's token is missing: send it as `Authorization: token …`")
        return caller


async def note_failure(site: Site, request: HTTPServerRequest) -> None:
    """Record an unknown token in the audit log, without the token."""
    if authorization_token(request) is not None:
        await site.hub.audit.note("login.failed", "", Origin("token", address=site.address_of(request)))


def check_method(caller: Caller, method: str | None, command: Command) -> None:
    """AccessDeniedError for a GET that would change something and is authenticated by a cookie alone: a link could cause it."""
    if caller.by_cookie and method == "GET" and not command.read_only:
        raise AccessDeniedError(
            f"{command.name} is not read-only: use POST with XSRF token, or an Authorization header"
        )
