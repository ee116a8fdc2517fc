"""Which webhook a path below the gateway means, and which paths a webhook may have."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from pfnb.commands.webhook_path import path_of
from pfnb.exceptions import ParameterError
from pfnb.hub.gateway import Gateway, values_in
from pfnb.hub.hub import Hub
from tests.hub.conftest import HOOK, UUID


def gateway(*paths: str) -> Gateway:
    return Gateway(replace(HOOK, uuid=path, path=path) for path in paths)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("orders", "orders"),
        ("orders/", "orders"),
        ("orders/7", "orders/{id}"),
        ("orders/new", "orders/new"),
        ("orders/new/", "orders/new"),
        ("or%64ers/7", "orders/{id}"),
        ("orders/a%2Fb", "orders/{id}"),
        ("orders/new/items", "orders/{id}/items"),
        ("shops/new/orders", "{kind}/new/orders"),
        ("orders/new/orders", "orders/{id}/{what}"),
        ("orders//", None),
        ("orders//items", None),
        ("Orders/7", None),
        ("orders/7/items/8", None),
        ("/orders", None),
        ("", None),
        ("%FF%00", None),
        ("orders?", None),
    ],
)
def test_a_path_means_the_webhook_that_is_literal_at_the_first_difference(path, found):
    paths = ("orders/{id}", "orders", "{kind}/new/orders", "orders/{id}/{what}", "orders/new", "orders/{id}/items")
    for order in (paths, paths[::-1]):
        assert gateway(*order).find(path) == found
    assert gateway().find(path) is None


def test_a_path_of_thousands_of_segments_is_not_read():
    started = time.perf_counter()
    for _ in range(1_000):
        assert gateway("a").find("%41/" * 16_000) is None
    assert time.perf_counter() - started < 1


def test_parameters_are_decoded_texts():
    assert values_in("a%20b/x/a%2Fb+c/", "{first}/x/{second}") == {"first": "a b", "second": "a/b+c"}
    assert values_in("gr%C3%BC%C3%9Fe/%FC", "{utf8}/{latin1}") == {"utf8": "grüße", "latin1": "ü"}
    assert values_in("orders", "orders") == {}


@pytest.mark.parametrize("path", ["", "orders", "orders/{id}", "v1.2/~me/{a}/{b}", "{_x1}", "a:b@c"])
def test_a_path_is_of_literal_segments_and_parameters(path):
    assert path_of(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "/orders", "orders/", "a//b", ".", "a/..", "a b", "a?b", "a#b", "a%20b", "ä", "{id", "{}", "{1}", "a{id}", "{id}/{id}",
        "x" * 501, "/".join("a" * 21), "https://h/x", 7, ["a"],
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_what_would_be_right(path):
    with pytest.raises(ParameterError, match="path"):
        path_of(path)


async def test_a_path_is_unique_by_its_shape_and_the_error_names_what_is_taken(hub: Hub) -> None:
    await hub.webhooks.put({"uuid": UUID, "path": "orders/{id}", "public": True}, "ada")
    await hub.webhooks.put({"uuid": UUID, "path": "orders/{id}"}, "ada")
    other = {"eventKey": "order.placed", "path": "orders/{number}", "public": True}
    with pytest.raises(ParameterError, match=r"orders/\{id\} is taken, by your webhook …6936bd"):
        await hub.webhooks.put(other, "ada")
    with pytest.raises(ParameterError, match=r"orders/\{id\} is taken, by somebody else's webhook"):
        await hub.webhooks.put(other, "grace")
    await hub.webhooks.put({**other, "path": "orders/new"}, "grace")
    await hub.webhooks.put({"uuid": UUID, "path": ""}, "ada")
    assert (await hub.webhooks.put(other, "ada")).path == "orders/{number}"


async def test_a_path_needs_a_proof_of_the_sender_or_to_be_public(hub: Hub) -> None:
    with pytest.raises(ParameterError, match="signature or auth, or public=true"):
        await hub.webhooks.put({"uuid": UUID, "path": "orders"}, "ada")
    await hub.webhooks.put({"uuid": UUID, "path": "orders", "public": "true"}, "ada")
    with pytest.raises(ParameterError, match="public=true"):
        await hub.webhooks.put({"uuid": UUID, "public": False}, "ada")


async def test_a_rotated_webhook_takes_its_path_with_it_and_a_deleted_one_frees_it(hub: Hub) -> None:
    await hub.webhooks.put({"uuid": UUID, "path": "orders", "public": True}, "ada")
    new = await hub.webhooks.rotate(UUID, "ada", 3600)
    assert (new.path, hub.webhooks.get(UUID, "ada").path) == ("orders", "")
    await hub.webhooks.delete(new.uuid, "ada")
    await hub.webhooks.put({"eventKey": "order.placed", "path": "orders", "public": True}, "ada")
