"""What a pipeline gets of a delivery that the hub has handed over: one event, or the events of a batch."""

from __future__ import annotations

from typing import Any

from pfnb.client.contents import Contents
from pfnb.client.event import Event
from pfnb.language.payload import batch_body, event_body, is_batch_body, is_event_body, message_body
from pfnb.language.pipeline import Listen
from pfnb.rows.run import DeliveryFrame, HandedEvent


def handed_events(delivery: DeliveryFrame) -> list[HandedEvent]:
    """Its event, or all of a batch, in the order in which they were received."""
    return [{"event": delivery["event"], "entry": delivery["entry"]}, *delivery.get("more", ())]


def run_key(delivery: DeliveryFrame) -> tuple[str, ...]:
    """What identifies its run: a batch that is handed over again may have other events."""
    return delivery["delivery"], *(one["entry"]["id"] for one in delivery.get("more", ()))


def body_of(delivery: DeliveryFrame, listen: Listen | None) -> Any:
    """The body that the run begins with: the event, or the payload of a message. Of a batch, a map or a list of them."""
    if listen is not None and listen.messages:
        payloads = [message_body(one["event"]) for one in handed_events(delivery)]
        return payloads if "more" in delivery else payloads[0]
    if "more" in delivery:
        return batch_body([one["event"] for one in handed_events(delivery)])
    return event_body(delivery["event"])


def is_body_of(value: Any, delivery: DeliveryFrame) -> bool:
    """Whether a value is the body that the run began with."""
    payloads = [one["event"]["payload"] for one in handed_events(delivery)]
    if value == (payloads if "more" in delivery else payloads[0]):
        return True
    if "more" in delivery:
        return is_batch_body(value, [one["event"] for one in handed_events(delivery)])
    return is_event_body(value, delivery["event"])


def event_of(delivery: DeliveryFrame, contents: Contents) -> Event:
    """The event for commands and functions; the first of a batch, which has the others as `events`."""
    first, *more = (Event(one["entry"], one["event"], contents) for one in handed_events(delivery))
    return first.among(more)
