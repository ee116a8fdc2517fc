"""What can be set of a webhook. Each setting is declared here, once: its type, default, description and checks. The parameters of
`webhook.put`, the words of `%webhook put`, the hub's check and the hub's record follow from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache, partial
from inspect import Parameter, Signature, signature
from typing import Annotated, Any, Literal, TypeVar, get_args, get_type_hints

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic.fields import FieldInfo

from pfnb.commands.origins import origins_of
from pfnb.commands.rates import Rate
from pfnb.commands.repeat_by import SENDERS_OWN, RepeatBy
from pfnb.commands.webhook_filter import EVERYTHING, Filter
from pfnb.commands.webhook_path import path_of
from pfnb.commands.webhook_preset import NO_PRESET, PresetName
from pfnb.commands.webhook_proofs import AuthMap, SignatureMap
from pfnb.environment import SIZES
from pfnb.exceptions import ParameterError
from pfnb.language.networks import networks_of
from pfnb.language.parameters import Parameters, camel_case, parameters_of
from pfnb.language.sizes import PATTERN, size_of
from pfnb.language.topics import check_event_key

F = TypeVar("F", bound=Callable[..., Any])

MAX_PAYLOAD_LENGTH = size_of(SIZES["PFNB_MAX_PAYLOAD"].default, "PFNB_MAX_PAYLOAD")
Size = Annotated[
    int,
    BeforeValidator(
        partial(size_of, name="maxPayloadLength"),
        json_schema_input_type=Annotated[int, Field(ge=1)] | Annotated[str, Field(pattern=PATTERN)],
    ),
]
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
METHODS: tuple[Method, ...] = get_args(Method)
"""The methods that a webhook receives."""
Methods = Annotated[
    list[Method],
    BeforeValidator(
        lambda given: given.upper().replace(",", " ").split() if isinstance(given, str) else given,
        json_schema_input_type=list[Method] | str,
    ),
]
Path = Annotated[str, BeforeValidator(path_of)]
Origins = Annotated[list[str], BeforeValidator(origins_of, json_schema_input_type=list[str] | str)]
MOST_NETWORKS = 1_000


def _allowed(given: object) -> list[str]:
    networks = networks_of(given, "allow")
    if len(networks) > MOST_NETWORKS:
        raise ParameterError(f"allow may have at most {MOST_NETWORKS:,} networks, not {len(networks):,}")
    return [str(one[0]) if one.num_addresses == 1 else str(one) for one in networks]


Allowed = Annotated[list[str], BeforeValidator(_allowed, json_schema_input_type=list[str] | str)]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """The settings of one webhook. A default is that of a new webhook."""

    event_key: Annotated[
        str,
        AfterValidator(check_event_key),
        Field(
            description="Key of the event that a request fires, such as webhook.lead.created.",
            min_length=1,
            json_schema_extra={"format": "event-key"},
        ),
    ]
    payload_type: Annotated[
        Literal["base64", "raw", "outbound", "ignore"],
        Field(description="What the event's payload holds: base64 (default), raw, outbound or ignore."),
    ] = "base64"
    max_payload_length: Annotated[
        Size, Field(description="Largest body, such as 25MB, 512kB or 26214400; a kB is 1,024 bytes.")
    ] = MAX_PAYLOAD_LENGTH
    path: Annotated[
        Path,
        Field(
            description="Its own address below {hub}/gateway/, such as orders/{id}, whose parameters are in body.path. It needs "
            "signature, auth or public. Empty, the default: none."
        ),
    ] = ""
    public: Annotated[
        bool, Field(description="Whether everybody may send to its path, without a signature or other proof.")
    ] = False
    active: Annotated[bool, Field(description="Whether requests fire events. If not, they get the same answer.")] = True
    methods: Annotated[
        Methods | None,
        Field(description="Methods that the webhook takes, such as POST or GET,POST; all of them by default."),
    ] = None
    cors: Annotated[
        Origins | None,
        Field(
            description="Origins whose pages may call from a browser, such as https://shop.example; `none`: no page; empty, "
            "the default: all pages."
        ),
    ] = None
    allow: Annotated[
        Allowed | None,
        Field(
            description="Addresses and networks that may call, such as 192.30.252.0/22; empty, the default, allows all."
        ),
    ] = None
    rate: Annotated[
        Rate | None,
        Field(
            description="How often it may be called, such as 100/minute or 5/s burst 20; `none`, the default, sets no limit."
        ),
    ] = None
    filter: Annotated[
        Filter,
        Field(
            description="An expression over the event: only requests for which it is true become events, such as "
            "#{body.payload.action == 'opened'}; `none`, the default, lets all pass."
        ),
    ] = EVERYTHING
    repeat_by: Annotated[
        RepeatBy,
        Field(
            description="What identifies a repeated delivery, which is stored once: a header's name, an expression over the "
            "event such as #{body.payload.id}, none, or default: the delivery id of well-known senders, with the content.",
        ),
    ] = SENDERS_OWN
    answer: Annotated[
        Literal["envelope", "body"],
        Field(
            description="What a caller gets: `envelope` (default), or `body`, the result of the pipeline by itself. With `body`, "
            "callers wait for it without `wait=true`; `wait=false` in the address keeps one from waiting."
        ),
    ] = "envelope"
    allow_html: Annotated[
        bool,
        Field(
            description="Whether pages that a pipeline answers may run scripts and load from elsewhere. They still have no "
            "access to cookies, storage and other pages of the hub's address."
        ),
    ] = False
    signature: Annotated[
        SignatureMap | None,
        Field(description="The signature that requests must have, such as scheme and secret; none demands none."),
    ] = None
    auth: Annotated[
        AuthMap | None, Field(description="For senders that do not sign: a password, token or JWT; none demands none.")
    ] = None
    preset: Annotated[
        PresetName,
        Field(
            description="The sender it is for, such as github, slack or stripe: sets signature, handshake, methods and repeatBy, "
            "unless they are given, too.",
            json_schema_extra={"format": "preset"},
        ),
    ] = NO_PRESET
    handshake: Annotated[
        PresetName,
        Field(
            description="The sender whose handshake is answered at the door, as its preset says; none for no handshake.",
            json_schema_extra={"format": "preset"},
        ),
    ] = NO_PRESET

    def by_spelling(self) -> dict[str, Any]:
        """The settings as JSON has them."""
        return {spelling: getattr(self, name) for name, spelling in SPELLINGS.items()}


SPELLINGS = {field.name: camel_case(field.name) for field in fields(WebhookSettings)}
"""The name of each setting in pipelines, magics and JSON."""
TYPES: Mapping[str, Any] = get_type_hints(WebhookSettings, include_extras=True)
"""The type of each setting, with its description."""


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """The given settings by their names in Python, converted. Those that are None are left out. Raises ParameterError."""
    return {name: value for name, value in _parameters().validate(given).items() if value is not None}


def described(kind: Any) -> str:
    """The description of a type in TYPES."""
    return next(note.description or "" for note in get_args(kind) if isinstance(note, FieldInfo))


def with_settings(function: F) -> F:
    """Give a command one parameter for each setting, before its own; the function takes them as `**settings`."""
    own = [one for one in signature(function, eval_str=True).parameters.values() if one.kind is not one.VAR_KEYWORD]
    by_name = (one.replace(kind=one.KEYWORD_ONLY) for one in own)
    vars(function)["__signature__"] = Signature([*_optional_settings(), *by_name])
    return function


@cache
def _parameters() -> Parameters:
    return parameters_of("webhook.put", Signature(_optional_settings()), ())


def _optional_settings() -> list[Parameter]:
    """A parameter for each setting; None keeps what the webhook has."""
    return [
        Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=_or_none(kind)) for name, kind in TYPES.items()
    ]


def _or_none(kind: Any) -> Any:
    """The same type with None. Its checks are not for None, and its description stays outermost, where pydantic expects it."""
    base, *notes = get_args(kind)
    for note in notes:
        if not isinstance(note, FieldInfo):
            base = Annotated[base, note]
    return Annotated[base | None, *(note for note in notes if isinstance(note, FieldInfo))]
