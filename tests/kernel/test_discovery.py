"""Where a kernel finds its hub."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pfnb.client.discovery import HubAddress, data_directory, find_hub, notebook_name
from pfnb.exceptions import HubUnreachableError, NotAuthenticatedError

MADE = json.dumps({"url": "http://127.0.0.1:8888/pfnb/", "kernel_id": "k-1", "token": "for-k-1"})


def test_a_kernel_takes_the_hub_of_the_server_that_started_it():
    found = find_hub({"PFNB_HUB": MADE}, "/run/kernel-k-1.json")
    assert found == HubAddress("http://127.0.0.1:8888/pfnb", "for-k-1", "k-1")


@pytest.mark.parametrize("connection_file", ["/run/kernel-k-2.json", "/run/k-1.json", None])
def test_an_inherited_address_does_not_count(connection_file):
    assert find_hub({"PFNB_HUB": MADE}, connection_file) is None


@pytest.mark.parametrize("connection_file", ["/run/kernel-k-1.json", "/run/kernel-k-2.json", None])
def test_a_hub_that_somebody_names_comes_before_the_servers(connection_file):
    environ = {"PFNB_HUB": MADE, "PFNB_URL": "https://hub.example/pfnb/", "PFNB_TOKEN": "t"}
    assert find_hub(environ, connection_file) == HubAddress("https://hub.example/pfnb", "t")


def test_a_hub_that_somebody_names_learns_the_notebook_from_the_server_of_the_kernel():
    made = json.dumps({**json.loads(MADE), "notebook": "/home/ada/a.ipynb"})
    environ = {"PFNB_HUB": made, "PFNB_URL": "https://hub.example/pfnb", "PFNB_TOKEN": "t"}
    assert find_hub(environ, "/run/kernel-k-1.json") == HubAddress(
        "https://hub.example/pfnb", "t", notebook="/home/ada/a.ipynb"
    )
    assert find_hub(environ, "/run/kernel-k-2.json") == HubAddress("https://hub.example/pfnb", "t")


def test_without_any_the_kernel_embeds_a_hub():
    assert find_hub({}, "/run/kernel-k-1.json") is None


def test_an_address_without_a_token_says_which_variable_is_missing():
    with pytest.raises(NotAuthenticatedError, match="PFNB_TOKEN"):
        find_hub({"PFNB_URL": "https://hub.example/pfnb"}, None)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"url": "http://x"}'])
def test_a_broken_address_says_what_it_should_be(text):
    with pytest.raises(HubUnreachableError, match="url, token and kernel_id"):
        find_hub({"PFNB_HUB": text}, None)


def test_a_token_is_not_shown():
    assert "secret" not in repr(HubAddress("http://x/pfnb", "secret"))


def test_a_notebook_is_named_by_the_environment_or_by_vs_code():
    assert notebook_name({"PFNB_NOTEBOOK": "a.ipynb"}, {"__vsc_ipynb_file__": "b.ipynb"}) == "a.ipynb"
    assert notebook_name({}, {"__vsc_ipynb_file__": "b.ipynb"}) == "b.ipynb"
    assert notebook_name({"JPY_SESSION_NAME": "c.ipynb"}, {}) is None


def test_events_are_kept_where_the_environment_says():
    assert data_directory({}) is None
    assert data_directory({"PFNB_DATA_DIR": "/var/lib/pfnb"}) == Path("/var/lib/pfnb")
