"""Checks signatures of requests, over the bytes exactly as they came: `signature` of a webhook.

A scheme is a Recipe: where the signature is, what is signed, and how. `hmac` makes one of its keys, which
`commands/webhook_proofs.py` describes; the other schemes are those of well-known senders. docs/signatures.md has examples.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pfnb.exceptions import NotAdmittedError, ParameterError
from pfnb.hub.receiving.auth import HeaderValue
from pfnb.hub.receiving.proof import Effort, Proof, chunks, header_bytes, refused, same
from pfnb.hub.receiving.request import Body, Limits, Received
from pfnb.hub.receiving.signed import (
    FIELD,
    ITEM,
    NAME,
    Place,
    check_timestamp,
    document_of,
    is_form,
    parsed,
    place_of,
    template_of,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

HMAC, ED25519, PARSING = "hmac", "ed25519", "parsing"
"""Kinds of costly work: a pass over the body, a check with a public key, and reading the body's JSON."""
_ADDRESSES = 3
"""Under how many addresses a request may be known."""
TOLERANCE = 300
MAX_SECRETS = 10
MAX_CANDIDATES, PUBLIC_CANDIDATES = 20, 2
"""How many signatures of one request are compared, of a shared secret and of a public key; further ones are ignored."""
_ORDER = 2**252 + 27742317777372353535851937790883648493
"""Of the group of Ed25519: a signature whose second half is not below it is refused at once."""
_ITEM = re.compile(r"\s*([^=,\s]+)\s*[=,]\s*(.*?)\s*", re.DOTALL)
_WHSEC, _WHPK = "whsec_", "whpk_"


@dataclass(frozen=True)
class Recipe:
    """The keys of `signature` without its secrets, each with the value it has where nothing is said."""

    header: tuple[str, ...] = ()
    field: str = ""
    item: str = ""
    separator: str = ","
    prefix: str = ""
    algorithm: str = "sha256"
    encoding: str = "hex"
    key: str = "text"
    signed: str = "{body}"
    timestamp: str = ""
    tolerance: int = TOLERANCE

    @cached_property
    def time(self) -> Place | None:
        return place_of(self.timestamp) if self.timestamp else None


STANDARD = Recipe(
    header=("webhook-signature", "svix-signature"), item="v1", separator=" ", encoding="base64", key="base64",
    signed="{header:webhook-id|svix-id}.{timestamp}.{body}", timestamp="webhook-timestamp|svix-timestamp",
)  # fmt: skip
GITHUB = Recipe(header=("X-Hub-Signature-256",), prefix="sha256=")
SCHEMES: Mapping[str, Recipe] = {
    "github": GITHUB,
    "stripe": Recipe(header=("Stripe-Signature",), item="v1", signed="{timestamp}.{body}", timestamp="item:t"),
    "slack": Recipe(
        header=("X-Slack-Signature",), prefix="v0=", signed="v0:{timestamp}:{body}", timestamp="X-Slack-Request-Timestamp"
    ),
    "shopify": Recipe(header=("X-Shopify-Hmac-SHA256",), encoding="base64"),
    "standard": STANDARD,
    "twilio": Recipe(header=("X-Twilio-Signature",), algorithm="sha1", encoding="base64", signed="{url}{form}"),
    "discord": Recipe(
        header=("X-Signature-Ed25519",), algorithm=ED25519, key="hex", signed="{timestamp}{body}",
        timestamp="X-Signature-Timestamp",
    ),
    "hmac": Recipe(),
}  # fmt: skip
GITLAB_TOKEN = "X-Gitlab-Token"  # noqa: S105 - the name of a header
_NAMES = frozenset(one.name for one in fields(Recipe))


def signature_of(given: Mapping[str, Any], secrets: Sequence[str]) -> Proof:
    """The check that a webhook's `signature` demands. ParameterError says which key is wrong, and what would be right; it never
    shows a secret."""
    scheme = given.get("scheme")
    if scheme is None:
        raise ParameterError(f"signature needs scheme: one of {', '.join(('gitlab', *SCHEMES))}")
    if not 1 <= len(secrets) <= MAX_SECRETS:
        raise ParameterError(f"signature.secret: give 1 to {MAX_SECRETS} secrets, not {len(secrets)}")
    if not all(one.strip() for one in secrets):
        raise ParameterError("signature.secret: a secret is empty")
    own = {name: value for name, value in given.items() if name in _NAMES}
    if scheme == "gitlab":
        return _gitlab(own, secrets)
    recipe = _recipe(scheme, own)
    if scheme == "standard":
        return _standard(recipe, secrets)
    if scheme == "twilio":
        return Twilio(recipe, secrets)
    return Signature(recipe, secrets)


def _recipe(scheme: str, own: dict[str, Any]) -> Recipe:
    base = SCHEMES[scheme]
    if scheme == "github" and "algorithm" in own:
        # GitHub Enterprise and older senders of the same kind have SHA-1 only. It counts only where that is asked for.
        old = (algorithm := own.pop("algorithm")) == "sha1"
        if not old and algorithm != "sha256":
            raise ParameterError("signature.algorithm: the scheme github has sha256 and sha1")
        base = replace(base, header=("X-Hub-Signature",), prefix="sha1=", algorithm="sha1") if old else base
    if scheme != "hmac":
        _check_fixed(scheme, base, own)
    if "header" in own:
        names = own["header"] if isinstance(own["header"], list) else [own["header"]]
        own["header"] = tuple(names)
    if "tolerance" in own and not (own.get("timestamp") or base.timestamp):
        raise ParameterError("signature.tolerance: it is for a timestamp: give timestamp, too")
    return _checked(replace(base, **own), scheme)


def _check_fixed(scheme: str, base: Recipe, own: Mapping[str, Any]) -> None:
    allowed = ["secret"] + (["tolerance"] if base.timestamp else []) + (["algorithm"] if base is GITHUB else [])
    for name in own:
        if name not in allowed:
            why = "it has no timestamp" if name == "tolerance" else "scheme=hmac takes it"
            raise ParameterError(f"signature: the scheme {scheme} takes {' and '.join(allowed)}, not {name} ({why})")


def _checked(recipe: Recipe, scheme: str) -> Recipe:
    """The recipe, if its parts fit together."""
    if bool(recipe.header) == bool(recipe.field):
        raise ParameterError(
            f"signature: the scheme {scheme} needs either header, the name of the header with the signature, or field, its "
            "place in the body"
        )
    for name in recipe.header:
        if not NAME.fullmatch(name):
            raise ParameterError(f"signature.header: {name!r} cannot be a header's name")
    template = template_of(recipe.signed)
    time = recipe.time
    if time is not None and time.kind == ITEM and not recipe.header:
        raise ParameterError("signature.timestamp: item:NAME is an item of the header with the signature: give header")
    if template.uses("timestamp") and time is None:
        raise ParameterError(
            "signature.signed has {timestamp}: give timestamp, the name of its header, item:NAME or field:PATH"
        )
    if time is not None and time.kind != FIELD and not (template.uses("timestamp") or time in template.parts):
        raise ParameterError(
            "signature.timestamp: it is not signed, so anybody could change it: put {timestamp} into signed"
        )
    return recipe


def _gitlab(own: Mapping[str, Any], secrets: Sequence[str]) -> Proof:
    """GitLab sends its secret token as it is, or signs by Standard Webhooks with a signing token, which begins with `whsec_`."""
    for name in own:
        if name != "tolerance":
            raise ParameterError(
                f"signature: the scheme gitlab takes secret and tolerance, not {name} (scheme=hmac takes it)"
            )
    signing = [one for one in secrets if one.startswith(_WHSEC)]
    tokens = [one for one in secrets if not one.startswith(_WHSEC)]
    proofs: list[Proof] = [_standard(replace(STANDARD, **own), signing)] if signing else []
    return _any_of([*proofs, *([HeaderValue(GITLAB_TOKEN, tokens)] if tokens else [])])


def _standard(recipe: Recipe, secrets: Sequence[str]) -> Proof:
    """Secrets that begin with `whpk_` are public keys of Ed25519, whose signatures are `v1a`. Some senders show `v1,whsec_…`."""
    secrets = [one.strip().removeprefix("v1,") for one in secrets]
    public = [one for one in secrets if one.startswith(_WHPK)]
    shared = [one for one in secrets if not one.startswith(_WHPK)]
    proofs: list[Proof] = []
    if shared:
        proofs.append(Signature(recipe, [one.removeprefix(_WHSEC) for one in shared]))
    if public:
        asymmetric = replace(recipe, item="v1a", algorithm=ED25519)
        proofs.append(Signature(asymmetric, [one.removeprefix(_WHPK) for one in public]))
    return _any_of(proofs)


def _any_of(proofs: Sequence[Proof]) -> Proof:
    return proofs[0] if len(proofs) == 1 else AnyOf(proofs)


class AnyOf:
    """One of several proofs suffices."""

    def __init__(self, proofs: Sequence[Proof]) -> None:
        self._proofs = proofs
        self.hidden = frozenset().union(*(one.hidden for one in proofs))
        self.most = sum((one.most for one in proofs), Effort())

    async def check(self, received: Received, now: int, effort: Effort) -> None:
        reasons = []
        for proof in self._proofs:
            try:
                return await proof.check(received, now, effort)
            except NotAdmittedError as error:
                reasons.append(error.message)
        raise NotAdmittedError(" ".join(dict.fromkeys(reasons)), status=401)

    def decoys(self) -> Mapping[str, Callable[[Body], object]]:
        return {kind: decoy for one in self._proofs for kind, decoy in one.decoys().items()}


class Signature:
    """A signature by a recipe, with any of these secrets."""

    def __init__(self, recipe: Recipe, secrets: Sequence[str]) -> None:
        self._recipe = recipe
        self._template = template_of(recipe.signed)
        self._keys: list[Callable[[Iterable[bytes]], Callable[[bytes], bool]]]
        makes = _public_key if recipe.algorithm == ED25519 else _shared_key
        self._keys = [makes(recipe, _key_bytes(recipe.key, one)) for one in secrets]
        self._reads_body = "{field:" in recipe.signed or bool(recipe.field) or recipe.timestamp.startswith(FIELD)
        self.hidden: frozenset[str] = frozenset()
        times = len(self._keys) * (_ADDRESSES if self._template.uses("url") else 1)
        if recipe.algorithm == ED25519:
            self._kind, self._compared = ED25519, PUBLIC_CANDIDATES if recipe.item else 1
            times *= self._compared
        else:
            self._kind, self._compared = HMAC, MAX_CANDIDATES
            times *= self._template.uses("body")
        self.most = Effort({self._kind: times, PARSING: int(self._reads_body)})

    async def check(self, received: Received, now: int, effort: Effort) -> None:
        if received.body.size > Limits.memory or received.body.path is not None:
            await asyncio.to_thread(self._check, received, now, effort)
        else:
            self._check(received, now, effort)

    def decoys(self) -> Mapping[str, Callable[[Body], object]]:
        key = self._keys[0]
        given = b"A" * 86 + b"==" if self._recipe.encoding == "base64" else b"0" * 128
        return {self._kind: lambda body: key(chunks(body))(given), PARSING: parsed}

    def _check(self, received: Received, now: int, effort: Effort) -> None:
        document = None
        if self._reads_body:
            document = document_of(received)
            effort[PARSING] += 1
        values = self._values(received, document)
        given = self._signatures(values)
        stamp = self._timestamp(received, values, document)
        if stamp is not None:
            check_timestamp(stamp, now, self._recipe.tolerance)
        matches = False
        for url in self._urls(received):
            matches |= self._matches(received, document, stamp or "", url, given, effort)
        if not matches:
            many = len(self._keys)
            raise refused(
                f"none of the {many} secrets matches the signature"
                if many > 1
                else "the signature does not match the secret"
            )

    def _matches(
        self, received: Received, document: Any, stamp: str, url: str, given: Sequence[bytes], effort: Effort
    ) -> bool:
        """All keys are tried with all signatures, whichever fits: the time does not say which."""
        pieces = list(self._template.pieces(received, lambda: document, stamp, url))
        matches = False
        for key in self._keys:
            is_valid = key(_filled(pieces, received.body))
            if self._kind == HMAC:
                effort[HMAC] += self._template.uses("body")
            else:
                effort[ED25519] += len(given)
            for one in given:
                matches |= is_valid(one)
        return matches

    def _urls(self, received: Received) -> Sequence[str]:
        """The addresses under which the sender may know this request."""
        if not self._template.uses("url"):
            return ("",)
        if not received.addresses:
            raise refused("the address of the request is not known")
        query = f"?{received.raw_query}" if received.raw_query else ""
        return [address + query for address in received.addresses]

    def _values(self, received: Received, document: Any) -> list[str]:
        """The headers, or the field, that have the signature."""
        recipe = self._recipe
        if recipe.field:
            value = Place(FIELD, recipe.field).of(received, lambda: document)
            found = [] if value is None else [value]
        else:
            found = [value for name in recipe.header if (value := received.headers.get(name.lower())) is not None]
        if not found:
            raise refused(f"no {recipe.field} field" if recipe.field else f"no {' or '.join(recipe.header)} header")
        return found

    def _signatures(self, values: Sequence[str]) -> list[bytes]:
        recipe = self._recipe
        where = recipe.field or " or ".join(recipe.header)
        found = [value.strip() for value in values]
        if recipe.item:
            found = [value for name, value in self._items(values) if name == recipe.item]
            if not found:
                raise refused(f"{where} has no {recipe.item} signature")
        if recipe.prefix:
            found = [value.removeprefix(recipe.prefix) for value in found if value.startswith(recipe.prefix)]
            if not found:
                raise refused(f"{where} does not begin with {recipe.prefix}")
        return [header_bytes(one) for one in found[: self._compared]]

    def _items(self, values: Sequence[str]) -> Iterator[tuple[str, str]]:
        for value in values:
            for piece in value.split(self._recipe.separator)[: 2 * MAX_CANDIDATES]:
                if (item := _ITEM.fullmatch(piece)) is not None:
                    yield item[1], item[2]

    def _timestamp(self, received: Received, values: Sequence[str], document: Any) -> str | None:
        place = self._recipe.time
        if place is None:
            return None
        if place.kind == ITEM:
            found = next((value for name, value in self._items(values) if name == place.name), None)
        else:
            found = place.of(received, lambda: document)
        if found is None:
            raise refused(f"no timestamp: {place} is missing")
        return found


class Twilio(Signature):
    """Twilio signs the address and the form. Of any other body it signs the address, which then has the body's hash."""

    def __init__(self, recipe: Recipe, secrets: Sequence[str]) -> None:
        super().__init__(recipe, secrets)
        self.most = Effort({HMAC: 1})

    def _check(self, received: Received, now: int, effort: Effort) -> None:
        declared = received.query.get("bodySHA256")
        if declared is None:
            if received.body.size and not is_form(received):
                raise refused("the body is no form, and the address has no bodySHA256: nothing proves who sent it")
            return super()._check(received, now, effort)
        effort[HMAC] += 1
        digest = hashlib.sha256()
        for chunk in chunks(received.body):
            digest.update(chunk)
        if not same(digest.hexdigest().encode(), declared[0].lower().encode()):
            raise refused("the body's hash is not the bodySHA256 of the address")
        return super()._check(replace(received, fields={}), now, effort)


def _filled(pieces: Sequence[bytes | None], body: Body) -> Iterator[bytes]:
    for piece in pieces:
        if piece is None:
            yield from chunks(body)
        else:
            yield piece


def _shared_key(recipe: Recipe, key: bytes) -> Callable[[Iterable[bytes]], Callable[[bytes], bool]]:
    """Computes the signature of a content once, for any number of comparisons."""

    keyed = hmac.new(key, digestmod=recipe.algorithm)

    def signed(content: Iterable[bytes]) -> Callable[[bytes], bool]:
        made = keyed.copy()
        for piece in content:
            made.update(piece)
        digest = made.digest()
        expected = digest.hex().encode() if recipe.encoding == "hex" else base64.b64encode(digest)
        return lambda given: same(expected, given)

    return signed


def _public_key(recipe: Recipe, key: bytes) -> Callable[[Iterable[bytes]], Callable[[bytes], bool]]:
    public = _ed25519(key)

    def signed(content: Iterable[bytes]) -> Callable[[bytes], bool]:
        message = b"".join(content)
        return lambda given: _is_by(public, _decoded(recipe.encoding, given), message)

    return signed


def _ed25519(key: bytes) -> Ed25519PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if len(key) != 32:
        raise ParameterError(f"signature.secret: a public key of Ed25519 has 32 bytes, not {len(key)}")
    return Ed25519PublicKey.from_public_bytes(key)


def _is_by(public: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature

    # One that cannot be right must take as long as any other.
    is_possible = len(signature) == 64 and int.from_bytes(signature[32:], "little") < _ORDER
    try:
        public.verify(signature if is_possible else bytes(64), message)
    except InvalidSignature:
        return False
    return is_possible


def _decoded(encoding: str, given: bytes) -> bytes:
    """Empty for what is not in this encoding."""
    try:
        return bytes.fromhex(given.decode("ascii")) if encoding == "hex" else base64.b64decode(given, validate=True)
    except ValueError:
        return b""


def _key_bytes(written: str, secret: str) -> bytes:
    if written == "text":
        return secret.encode()
    secret = secret.strip()
    key = b""
    with suppress(ValueError):  # binascii's own errors are such, too
        padded = secret + "=" * (-len(secret) % 4)
        key = bytes.fromhex(secret) if written == "hex" else base64.b64decode(padded, validate=True)
    if not key:
        raise ParameterError(
            f"signature.secret: this scheme's secret is written in {written}: copy it whole, as the sender shows it"
        )
    return key
