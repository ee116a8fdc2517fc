"""What a webhook demands of its senders: taken from its settings, kept as secrets, checked, and never shown again."""

from __future__ import annotations

import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from pfnb.exceptions import BusyError, NotFoundError, ParameterError
from pfnb.hub.home import Home
from pfnb.hub.hub import Hub
from pfnb.hub.keeping.secrets import HUB
from pfnb.hub.keeping.secrets_key import NAME
from pfnb.hub.proofs import Proofs
from pfnb.hub.receiving.ingest import Ingest
from pfnb.hub.receiving.proof import Effort
from pfnb.hub.receiving.request import Limits, Received, RequestHead
from tests.hub.conftest import UUID
from tests.live.stores import STORES

SIGNED = {"scheme": "github", "secret": "hush, hush"}
UNKNOWN = "99999999-6d6b-4f1e-9d5e-5b8f3f999999"


def request(body: bytes = b"{}", key: str | None = "hush, hush", uuid: str = UUID, **headers: str) -> Received:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if key is not None:
        given["X-Hub-Signature-256"] = f"sha256={hmac.new(key.encode(), body, 'sha256').hexdigest()}"
    ingest = Ingest(RequestHead("POST", f"uuid={uuid}", tuple(given.items())), Limits(), Path("unused"))
    ingest.feed(body)
    return ingest.finish()


async def is_taken(hub: Hub, received: Received) -> bool:
    return (await hub.receive(received)).event_id != ""


async def why(hub: Hub, received: Received) -> str:
    """Why the request is refused, as its owner sees it."""
    noted = hub.refusals.next()
    assert not await is_taken(hub, received)
    await noted
    row = hub.refusals.rows(UUID)[0]
    return f"{row['statusCode']} {row['reason']}"


async def demand(hub: Hub, **settings: Any) -> Any:
    return await hub.webhooks.put({"uuid": UUID, **settings}, "ada")


async def test_only_signed_requests_become_events_and_the_owner_sees_why_others_do_not(hub: Hub) -> None:
    await demand(hub, signature=SIGNED)
    assert await is_taken(hub, request())
    assert await why(hub, request(key=None)) == "401 No X-Hub-Signature-256 header."
    assert await why(hub, request(key="guessed")) == "401 The signature does not match the secret."
    assert hub.refusals.count(UUID) == 2
    assert (await hub.store.events.of_webhook(UUID, 10, None))[0].webhook == UUID
    await demand(hub, signature="none")
    assert await is_taken(hub, request(key=None))


async def test_the_secret_is_stored_encrypted_and_only_its_number_is_shown(hub: Hub) -> None:
    webhook = await demand(hub, signature={"scheme": "github", "secret": ["hush, hush", "next one"]})
    assert webhook.signature == {"scheme": "github", "secrets": 2}
    assert "hush" not in json.dumps(webhook.to_json("", 0)) + repr(webhook) + repr(hub.proofs) + repr(hub.secrets)
    opened = await hub.store.open()
    assert "hush" not in repr(opened)
    assert [one.name for one in opened.secrets] == [f"webhook:{UUID}:signature:{number}" for number in range(2)]
    assert hub.secrets.names("ada") == []


async def test_what_is_shown_can_be_given_back_and_keeps_the_secret(hub: Hub) -> None:
    first = await demand(hub, signature={"scheme": "slack", "secret": "s", "tolerance": 60})
    again = await demand(hub, signature=first.signature, payloadType="base64")
    assert again.signature == {"scheme": "slack", "tolerance": 60, "secrets": 1}
    changed = await demand(hub, signature={"scheme": "slack"})
    assert changed.signature == {"scheme": "slack", "secrets": 1}
    assert await hub.secrets.get(HUB, f"webhook:{UUID}:signature:0") == "s"
    assert (await demand(hub, payloadType="raw")).signature == changed.signature


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"signature": {"scheme": "github"}}, r"signature needs secret: .*signature\.secret=…"),
        ({"signature": {"secret": "s"}}, "signature needs scheme"),
        ({"signature": {"scheme": "gitbub", "secret": "s3cret"}}, r"signature\.scheme: input should be 'github'"),
        (
            {"signature": {"scheme": "github", "sekret": "s3cret"}},
            "signature has no 'sekret': did you mean secret?|signature:",
        ),
        ({"signature": {"scheme": "github", "secret": ""}}, "a secret is empty"),
        ({"signature": {"scheme": "github", "secret": {"a": "s3cret"}}}, r"signature\.secret: input should be"),
        ({"signature": {"scheme": "standard", "secret": "s3cret!"}}, "written in base64"),
        ({"signature": "s3cret"}, "must be a map, as JSON"),
        ({"signature": ["s3cret"]}, "must be a map of scheme"),
        ({"auth": {"type": "bearer", "key": "s3cret"}}, "auth needs token|takes token, not key"),
        ({"auth": {"type": "jwt"}}, "auth needs key"),
    ],
)
async def test_a_wrong_setting_changes_nothing_and_its_error_shows_no_secret(
    hub: Hub, settings: dict[str, Any], said: str
) -> None:
    before = await demand(hub, signature={"scheme": "slack", "secret": "kept"})
    with pytest.raises(ParameterError, match=said) as raised:
        await demand(hub, eventKey="other.key", **settings)
    assert "s3cret" not in str(raised.value)
    after = hub.webhooks.get(UUID, "ada")
    assert (after.signature, after.event_key) == (before.signature, before.event_key)
    assert await hub.secrets.get(HUB, f"webhook:{UUID}:signature:0") == "kept"


async def test_fewer_secrets_than_before_leave_none_behind(hub: Hub) -> None:
    await demand(hub, signature={"scheme": "github", "secret": ["a", "b", "c"]})
    await demand(hub, signature={"scheme": "github", "secret": "hush, hush"})
    assert [one.name for one in (await hub.store.open()).secrets] == [f"webhook:{UUID}:signature:0"]
    await demand(hub, signature="none")
    assert (await hub.store.open()).secrets == ()


async def test_a_rotated_webhook_demands_the_same_under_both_uuids_and_a_deleted_one_leaves_no_secret(hub: Hub) -> None:
    await demand(hub, signature=SIGNED, auth={"type": "bearer", "token": "t0k"})
    new = await hub.webhooks.rotate(UUID, "ada", overlap=60)
    for uuid in (UUID, new.uuid):
        assert await is_taken(hub, request(uuid=uuid, Authorization="Bearer t0k"))
        assert not await is_taken(hub, request(uuid=uuid, Authorization="Bearer other"))
        assert not await is_taken(hub, request(uuid=uuid, key="other", Authorization="Bearer t0k"))
    await hub.webhooks.delete(UUID, "ada")
    assert await is_taken(hub, request(uuid=new.uuid, Authorization="Bearer t0k"))
    await hub.webhooks.delete(new.uuid, "ada")
    assert (await hub.store.open()).secrets == ()
    with pytest.raises(NotFoundError):
        await hub.secrets.get(HUB, f"webhook:{UUID}:signature:0")


async def test_a_webhook_that_was_handed_over_demands_the_same(hub: Hub) -> None:
    await demand(hub, signature=SIGNED)
    await hub.webhooks.hand_over("ada", "grace")
    await hub.webhooks.put({"uuid": UUID, "active": True}, "grace")
    assert await is_taken(hub, request())
    assert not await is_taken(hub, request(key="other"))


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ({"type": "basic", "username": "ada", "password": "p"}, "Authorization", "Basic YWRhOnA="),
        ({"type": "bearer", "token": "t0k"}, "Authorization", "Bearer t0k"),
        ({"type": "header", "name": "X-Api-Key", "value": "v4lue"}, "X-Api-Key", "v4lue"),
    ],
)
async def test_a_proof_that_could_be_sent_again_is_not_stored_with_the_event(
    hub: Hub, auth: dict[str, str], header: str, value: str
) -> None:
    await demand(hub, auth=auth)
    receipt = await hub.receive(request(key=None, **{header.replace("-", "_"): value, "X_Other": "kept"}))
    event = await hub.store.events.get(receipt.event_id)
    assert event is not None
    assert header.lower() not in event.headers
    assert event.headers["x-other"] == "kept"
    assert not await is_taken(hub, request(key=None, **{header.replace("-", "_"): value + "x"}))


async def reopened(folder: Path) -> Home:
    home = Home(STORES["sqlite"](folder))
    await home.open()
    return home


async def demanding(folder: Path) -> Path:
    home = await reopened(folder)
    await home.hub.webhooks.put({"uuid": UUID, "eventKey": "order.placed", "signature": SIGNED}, "ada")
    await home.close()
    return folder


async def test_a_restarted_hub_demands_the_same(tmp_path: Path) -> None:
    home = await reopened(await demanding(tmp_path / "hub"))
    assert await is_taken(home.hub, request())
    assert await why(home.hub, request(key="other")) == "401 The signature does not match the secret."
    await home.close()


async def test_without_the_key_requests_are_put_off_nothing_is_lost_and_the_owner_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = await demanding(tmp_path / "hub")
    (folder / NAME).rename(folder / "aside")
    home = await reopened(folder)
    with pytest.raises(BusyError, match="cannot check this request now") as raised:
        await home.hub.receive(request())
    assert raised.value.status == 503
    assert "restore" in (home.hub.proofs.trouble or "")
    assert UUID not in (home.hub.proofs.trouble or "")
    await home.hub.webhooks.put({"uuid": UUID, "payloadType": "raw"}, "ada")  # other settings can be changed
    (folder / "aside").rename(folder / NAME)
    monkeypatch.setattr("pfnb.hub.proofs.PAUSE", 0)
    monkeypatch.setattr(home.hub.proofs, "_again", 0)
    assert await is_taken(home.hub, request())
    assert home.hub.proofs.trouble is None
    await home.close()


async def test_a_demand_that_could_not_be_read_at_the_start_is_not_forgotten_when_another_is_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = await demanding(tmp_path / "hub")
    (folder / NAME).rename(folder / "aside")
    home = await reopened(folder)
    (folder / "aside").rename(folder / NAME)
    await home.hub.webhooks.put({"uuid": UUID, "auth": {"type": "bearer", "token": "t0k"}}, "ada")
    monkeypatch.setattr(home.hub.proofs, "_again", 0)
    assert not await is_taken(home.hub, request(key=None, Authorization="Bearer t0k"))
    assert not await is_taken(home.hub, request(Authorization="Bearer other"))
    assert await is_taken(home.hub, request(Authorization="Bearer t0k"))
    await home.close()


async def test_without_the_key_a_signature_can_be_switched_off_or_the_webhook_deleted(tmp_path: Path) -> None:
    folder = await demanding(tmp_path / "hub")
    (folder / NAME).unlink()
    home = await reopened(folder)
    await home.hub.webhooks.put({"uuid": UUID, "signature": "none"}, "ada")
    assert await is_taken(home.hub, request(key=None))
    await home.hub.webhooks.put({"uuid": UUID, "signature": SIGNED}, "ada")
    assert await is_taken(home.hub, request())
    await home.close()


async def test_a_refused_body_in_a_file_is_removed(tmp_path: Path) -> None:
    home = await reopened(await demanding(tmp_path / "hub"))
    spool = home.hub.settings.bodies
    ingest = Ingest(RequestHead("POST", f"uuid={UUID}", ()), Limits(), spool)
    ingest.feed(b"x" * 200_000)
    assert not await is_taken(home.hub, ingest.finish())
    await home.close()
    assert list(spool.iterdir()) == []


WORK = [
    {"signature": {"scheme": "github", "secret": ["a", "b", "c"]}},
    {"signature": {"scheme": "discord", "secret": "207a067892821e25d770f1fba0c47c11ff4b813e54162ece9eb839e076231ab6"}},
    {"signature": {"scheme": "hmac", "field": "a.b", "secret": "s", "signed": "{field:c}"}},
    {"signature": {"scheme": "hmac", "header": "X", "secret": "s", "signed": "{url}{body}"}},
    {"auth": {"type": "jwt", "key": "k" * 32}},
]


async def test_every_request_costs_the_same_checks_whether_its_webhook_demands_any_or_exists(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted, since a busy machine hides small differences of time."""
    hooks = [await hub.webhooks.put({"eventKey": "a.b", **one}, "ada") for one in WORK]
    await hub.webhooks.put({"uuid": hooks[0].uuid, "active": False}, "ada")
    done = Effort()
    decoys = {kind: _counted(decoy, kind, done) for kind, decoy in hub.proofs._decoys.items()}
    monkeypatch.setattr(hub.proofs, "_decoys", decoys)
    checked, kinds = Proofs.pad, []

    async def pad(self: Proofs, body: Any, effort: Effort) -> None:
        done.update(effort)
        await checked(self, body, effort)

    monkeypatch.setattr(Proofs, "pad", pad)
    signed = request(b'{"a":{"b":"c"},"c":"d"}', Authorization="Bearer e30.e30.e30", X="0", X_Signature_Ed25519="00")
    for uuid in (UNKNOWN, UUID, *(hook.uuid for hook in hooks)):
        for body in (request(uuid=uuid, key=None), signed):
            done.clear()
            await hub.receive(_of(body, uuid))
            kinds.append(dict(done))
    assert kinds[0] == {"hmac": 3, "ed25519": 1, "parsing": 1, "HS256": 1}
    assert all(one == kinds[0] for one in kinds), kinds


def _of(received: Received, uuid: str) -> Received:
    ingest = Ingest(RequestHead("POST", f"uuid={uuid}", tuple(received.headers.items())), Limits(), Path("unused"))
    ingest.feed(received.body.data or b"")
    return ingest.finish()


def _counted(decoy: Any, kind: str, done: Effort) -> Any:
    def counted(body: Any) -> Any:
        done[kind] += 1
        return decoy(body)

    return counted
