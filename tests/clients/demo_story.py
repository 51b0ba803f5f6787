"""What somebody sees who leaves the demo open: downloads come, wait, fail with a reason, are tried again, complete."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.clients.processes import DEADLINE_SECONDS
from tests.support.server import wait_until

DEMO_ARGUMENTS = "--faster 8"
LINES = (
    r"alice adds nimbus/\S+",
    r"bob adds \S+",
    r"the mirror goes down: what comes from it waits",
    r"the mirror is up again, and its files are whole",
    r"(alice|bob) tries \S+ again",
)
NARROW_COLUMNS = 80
STORY = "SELECT DISTINCT kind, actor IS NULL, reason IS NULL, until_at IS NULL FROM download_events"
HAPPENED = {
    ("created", False, True, True),
    ("retried", False, False, False),  # by a worker, with a reason and a time: it waits for its next try
    ("failed", False, False, True),
    ("retried", False, True, True),  # by somebody
    ("completed", False, True, True),
}


def expect_a_play(screen: Path) -> None:
    """Expect the screen, and the demo's own database, to tell all of it."""
    wait_until(lambda: not missing_on(screen), DEADLINE_SECONDS, "all that the screen tells")
    log = re.search(r"What the server says: (.+)/server\.log\n", screen.read_text())
    assert log
    database = Path(log[1]) / "downloads.sqlite3"
    left = set(HAPPENED)  # what has been removed takes its events along

    def has_all_happened() -> bool:
        left.difference_update(read_story(database))
        return not left

    wait_until(has_all_happened, DEADLINE_SECONDS, "all that happens")
    told = screen.read_text().splitlines()
    long = [line for line in told if len(line) > NARROW_COLUMNS and "server.log" not in line]
    assert not long, long
    assert not [line for line in told if "Traceback" in line], told


def missing_on(screen: Path) -> list[str]:
    """Return which lines have not been printed yet."""
    return [line for line in LINES if not re.search(line, screen.read_text())]


def read_story(database: Path) -> set[tuple[str, bool, bool, bool]]:
    """Return which kinds of events there were, and what each told."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return {(kind, *map(bool, told)) for kind, *told in connection.execute(STORY)}
