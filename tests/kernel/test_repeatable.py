"""Which calls a session makes again when its connection broke before their answer."""

from pfnb.exceptions import BusyError, error_from_json
from pfnb.http.protocol import CALLS
from pfnb.http.protocol import ONCE as DECLARED

ONCE = {
    "copy_property",
    "delete_attachment",
    "delete_endpoint",
    "delete_properties",
    "delete_secret",
    "delete_webhook",
    "get_cached",  # may remove what it reads
    "iam",
    "move_file",
    "move_property",
    "put_attachment",
    "put_endpoint",
    "put_property",
    "put_secret",
    "put_webhook",
    "receive_webhook",
    "replay_endpoint",
    "replay_event",
    "rotate_endpoint",
    "rotate_webhook",
    "send_event",
    "test_endpoint",
    "unregister_listener",
}


def test_every_call_of_the_port_is_either_repeatable_or_made_once():
    assert DECLARED == ONCE
    assert CALLS.keys() > ONCE


def test_an_error_from_the_hub_keeps_when_to_try_again():
    told = BusyError("too much", retry_after=17).to_json()
    error = error_from_json(told)
    assert isinstance(error, BusyError)
    assert error.retry_after == 17
