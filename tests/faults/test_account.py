"""The table of faults shows what went wrong."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tests.faults.account import Account
from tests.faults.table import lines
from tests.live.house import House

TABLES = """
CREATE TABLE events (seq INTEGER, correlation_id TEXT, webhook TEXT);
CREATE TABLE deliveries (event_seq INTEGER, listener TEXT, status TEXT);
"""


class Kept(House):
    """A house without processes."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, data=folder)
        self.database = sqlite3.connect(folder / "pfnb.sqlite")
        self.database.executescript(TABLES)

    def is_alive(self, part: str) -> bool:
        return True

    def store(self, number: int, name: str, status: str) -> None:
        self.database.execute("INSERT INTO events VALUES (?, ?, 'w')", (number, name))
        self.database.execute("INSERT INTO deliveries VALUES (?, 'a.ipynb/lead', ?)", (number, status))
        self.database.commit()


def test_what_was_lost_failed_or_done_twice_is_counted(tmp_path: Path) -> None:
    house, noted = Kept(tmp_path), ["cut off", "well", "cut off", "again"]
    account = Account(house, {"lead": lambda: noted})
    for number, name in enumerate(["well", "cut off", "again", "second copy", "never run"]):
        house.store(number, name, "succeeded")
    house.store(6, "failed", "dead")
    house.store(7, "waits", "pending")
    account.acknowledged |= {"well", "cut off", "again", "never run", "failed", "waits", "not stored"}
    account._look()
    noted.append("again")
    house.database.close()
    row = account.row("a fault", 1)
    assert (row.events_in, row.stored, row.delivered, row.failed_without_running) == (7, 7, 3, 1)
    assert row.lost == len({"never run", "failed", "waits", "not stored"})
    assert row.twice == len({"second copy"}) + len({"again"})
    assert not row.is_clean()
    assert [line.count("|") for line in lines([row])] == [9, 9, 9, 9]
    assert list(lines([row, row]))[-1] == "| **all** | 2 | 14 | 14 | 6 | 2 | 8 | 4 |"
