"""A preset: the settings of a webhook for one sender, and the handshakes that this sender begins with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from pfnb.exceptions import PelSyntaxError
from pfnb.language.pel import parse_template


def _parsed(text: str) -> str:
    try:
        parse_template(text)
    except PelSyntaxError as error:
        raise ValueError(error.message) from error
    return text


Expression = Annotated[str, AfterValidator(_parsed)]
"""A text with expressions over the request: its event is `body`, and `vars.secret` the webhook's secret."""


class Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class When(Frozen):
    """Which requests a handshake is. Everything that is given must be so: `query` and `headers` (with lower-case names) have
    these values, and `json` has them at these places of a JSON body, such as `0.data.code`."""

    method: Literal["GET", "POST"]
    query: Mapping[str, str] = Field(default_factory=dict)
    headers: Mapping[str, str] = Field(default_factory=dict)
    json_: Mapping[str, str | int] = Field(default_factory=dict, alias="json")


class Answer(Frozen):
    """What is answered: a text, or an object of JSON. An empty text if neither is given."""

    text: Expression = ""
    json_: Mapping[str, int | Expression] = Field(default_factory=dict, alias="json")
    headers: Mapping[str, Expression] = Field(default_factory=dict)


class Handshake(Frozen):
    """`name` is the sender's own. `signed`: the request must prove its sender, as an event must. `verify` must be the webhook's
    verify token. `learns` is the secret that the sender will sign with. `calls` is an address to call, of a host that
    `hosts`, a regular expression, allows."""

    name: str
    when: When
    answer: Answer = Answer()
    signed: bool = False
    verify: Expression | None = None
    learns: Expression | None = None
    calls: Expression | None = None
    hosts: str | None = None


class Sample(Frozen):
    """A request as this sender makes it, without its signature. `body` is what it sends."""

    method: Literal["GET", "POST"] = "POST"
    headers: Mapping[str, str]
    body: str


class Preset(Frozen):
    """`settings` are those of `webhook.put`. `known` says when the webhook's owner knows the sender's secret: before the
    address is entered there (`first`), after that (`later`), when the sender hands it over (`learned`), or never (`none`).
    `where` tells where address and secret go. `answers_401`: the sender demands 401 for what is not signed."""

    title: str
    where: str
    known: Literal["first", "later", "learned", "none"]
    settings: Mapping[str, Any] = Field(default_factory=dict)
    note: str = ""
    answers_401: bool = False
    handshakes: tuple[Handshake, ...] = ()
    sample: Sample

    @property
    def needs_verify_token(self) -> bool:
        return any(one.verify is not None for one in self.handshakes)
