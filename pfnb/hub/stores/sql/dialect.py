"""What differs between kinds of databases. Everything else in this room is SQL that they share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import sqlalchemy as sa

from pfnb.exceptions import StartError
from pfnb.hub.stores.sql.sequences import Sequences


class LostStoreError(Exception):
    """The database is no longer where it was opened. The message to strangers does not say where that is."""


class Dialect(Protocol):
    """One database. Every method may block: the store calls them in its threads."""

    def engine(self) -> sa.Engine:
        """Gives connections for reading."""

    def connect_to_write(self, engine: sa.Engine) -> sa.Connection:
        """The writer's connection. Its transactions include the creation of tables."""

    def prepare(self) -> None:
        """Create the tables of `schema`, or upgrade older ones to them. StartError if that is not possible."""

    def start_error(self, error: BaseException | None) -> StartError:
        """For an error of the driver: says what is wrong with the database, and how to fix it."""

    def numbers(self, last_event: int, last_delivery: int) -> Sequences:
        """Those to give to events and deliveries; these were the last ones given."""

    def check(self) -> None:
        """LostStoreError if this is no longer the database that was prepared. Called before every commit."""

    def is_away(self, error: BaseException) -> bool:
        """Whether the database is busy, full or away, so that the same statement may succeed later."""

    def size(self, connection: sa.Connection) -> int:
        """Bytes in use of the database."""

    def shrink(self, connection: sa.Connection) -> None:
        """Return the space of removed rows to the disk, if that is needed."""

    def marked(self, statement: str) -> str:
        """The statement with the driver's marks for its values, where it has `?`."""

    def insert(self, table: str, columns: Sequence[str], rows: int, *, again: bool) -> str:
        """A statement that inserts so many rows. `again` replaces rows of the same key, and all their entries in indices."""
