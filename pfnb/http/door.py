"""Authentication: a door says who is asking. The one here knows a single token; Jupyter has its own."""

from __future__ import annotations

from typing import Any

from tornado.httputil import HTTPServerRequest

from pfnb.exceptions import AccessDeniedError, NotAuthenticatedError, PfnbError
from pfnb.http.handler import HubHandler
from pfnb.http.secret import BASIC, authorization_token, basic_login, is_browser, same_secret
from pfnb.http.site import Caller, Site
from pfnb.http.vouch import vouched_for
from pfnb.hub.origin import Kind, Origin
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
        login = basic_login(self.request)
        if found is None or (login is not None and login.name != found[0].name):
            return None
        user, token = found
        address, is_scoped = self.site.address_of(self.request), token.scope is not None
        return Caller(user, Origin("token", address=address, token=token.id, expires=token.expires, scoped=is_scoped))

    async def by_password(self) -> Caller | None:
        """The caller by username and password; None if the request has none. NotAuthenticatedError if they are wrong,
        TooManyAttemptsError while the caller's address has to pause."""
        login, origin = basic_login(self.request), Origin("login", address=self.site.address_of(self.request))
        if login is None:
            return None
        try:
            return Caller(await self.site.hub.users.login(login.name, login.password, origin), origin)
        except NotAuthenticatedError:
            await note_failure(self.site, self.request)
            raise

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Ask programs for a password, as some send it only when asked. A browser would ask its user."""
        error = kwargs["exc_info"][1] if "exc_info" in kwargs else None
        status = error.status if isinstance(error, PfnbError) else status_code
        if status == NotAuthenticatedError.status and not is_browser(self.request):
            self.set_header("WWW-Authenticate", BASIC)
        super().write_error(status_code, **kwargs)

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
        login, token = basic_login(self.request), authorization_token(self.request)
        if same_secret(token, self.token) and (login is None or login.name == self.owner):
            return self.by_login(self.owner)
        vouched = vouched_for(self.request)
        if vouched is not None and vouched.login:
            return self.by_login(self.owner, by_cookie=vouched.by_cookie)
        caller = self.by_api_token() or await self.by_password()
        if caller is None:
            await note_failure(self.site, self.request)
            if token is not None:
                raise NotAuthenticatedError("the hub does not know this token: use its own, or an API token of a user")
            raise NotAuthenticatedError(
                "the hub's token is missing: send it as `Authorization: token …`, or a name and a password"
            )
        return caller


async def note_failure(site: Site, request: HTTPServerRequest) -> None:
    """Record an unknown token or a wrong password in the audit log, without either."""
    if authorization_token(request) is not None:
        login = basic_login(request)
        facts = {} if login is None else {"target": login.name}
        kind: Kind = "token" if login is None else "login"
        await site.hub.audit.note("login.failed", "", Origin(kind, address=site.address_of(request)), **facts)


def check_method(caller: Caller, method: str | None, command: Command) -> None:
    """AccessDeniedError for a GET that would change something and is authenticated by a cookie alone: a link could cause it."""
    if caller.by_cookie and method == "GET" and not command.read_only:
        raise AccessDeniedError(
            f"{command.name} is not read-only: use POST with XSRF token, or an Authorization header"
        )
