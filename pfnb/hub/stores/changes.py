"""What the hub has a store change: values, so that a change of many parts is one commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pfnb.hub.receiving.request import Body
from pfnb.hub.records.delivery import Listener
from pfnb.hub.records.event import Event
from pfnb.hub.records.property import Attachment, Property


@dataclass(frozen=True, slots=True)
class AddEvent:
    """An event to store, with a delivery for each of these listeners; for the names in `padding` as much is written, but
    nothing is delivered."""

    event: Event
    body: Body
    listeners: Sequence[str]
    padding: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class PropertyChange:
    """Changes of properties: `removed` are uuids, and their attachments are removed, too; `detached` are attachments' ids.
    `vacated` are the paths that are now empty, with the property's new path, or None."""

    saved: Sequence[Property] = ()
    removed: Sequence[str] = ()
    attached: Sequence[tuple[Attachment, Body]] = ()
    detached: Sequence[str] = ()
    vacated: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ListenerChange:
    """Changes of listeners, by name: `saved` are new or changed. What waits for a `renamed` one then waits for its new name;
    what waits for a `removed` one is dead."""

    saved: Sequence[Listener] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    removed: Sequence[str] = ()

    @property
    def names(self) -> Sequence[str]:
        """All names whose meaning changed."""
        return (*self.removed, *self.renamed, *(one.name for one in self.saved))


NO_LISTENERS = ListenerChange()
