"""`downloads watch` and `top` on a real terminal: what is drawn anew, and what is left when they have ended."""

import re

import pytest
from sqlalchemy import text

from downloads_app.extensions import db
from downloads_app.models import User
from downloads_app.services.downloads import history
from downloads_app.services.queue import outcomes, workers
from tests.support.downloading import add_downloads, add_provider, claim, reload
from tests.support.terminal import CTRL_C, Terminal

REASON = "Not enough disk: 123,456,789,012 bytes are needed, 5 are free, of which running downloads need 4"
COLOURS = re.compile(rb"\x1b\[[0-9;]*[34][0-8][0-9;]*m")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Screens have nothing to do with the kind of database."""
    return sqlite_url


def is_left_tidy(terminal: Terminal) -> bool:
    """Whether the cursor is there, at the beginning of an empty line below all that is shown."""
    screen = terminal.screen
    return not screen.cursor.hidden and (screen.cursor.x, screen.cursor.y) == (0, len(terminal.lines))


def test_ctrl_c_leaves_each_row_once_and_the_downloads_alone(alice: User, env: dict[str, str]) -> None:
    rows = add_downloads(alice, add_provider(), "org/one", "org/two", wait_reason=REASON)
    without_colour = {"TERM": "xterm-256color", "NO_COLOR": "1"}
    with Terminal(env, "downloads", "watch", variables=without_colour) as terminal:
        terminal.wait_for("org/two")
        terminal.type(CTRL_C)
        assert terminal.finish() == 130
        shown = terminal.lines
        assert [sum(row.id[:8] in line for line in shown) for row in rows] == [1, 1]
        assert not any("^C" in line or "Aborted" in line for line in shown)
        assert is_left_tidy(terminal)
    assert not COLOURS.search(terminal.sent)
    assert [reload(row).status for row in rows] == ["pending", "pending"]


def test_the_last_frame_says_how_each_download_has_ended(alice: User, env: dict[str, str]) -> None:
    whole, broken = add_downloads(alice, add_provider(), "org/whole", "org/broken", total_bytes=10)
    with Terminal(env, "downloads", "watch") as terminal:
        terminal.wait_for("org/broken")
        first, second = claim(), claim()
        assert first is not None
        assert second is not None
        outcomes.finish(first, 10)
        outcomes.fail(second, REASON)
        assert terminal.finish() == 1
        shown = terminal.lines
        assert is_left_tidy(terminal)
    (done,) = [line for line in shown if whole.id[:8] in line]
    assert "100%" in done
    assert done.endswith("completed")
    told = "".join(shown).replace(" ", "")
    assert told.count(REASON.replace(" ", "")) == told.count(broken.id[:8]) == 1
    assert COLOURS.search(terminal.sent)


def test_reasons_that_the_last_frame_has_no_room_for_stand_below_it(alice: User, env: dict[str, str]) -> None:
    names = [f"org/model-{number}" for number in range(30)]
    rows = add_downloads(alice, add_provider(), *names, status="failed", error_message="gone")
    with Terminal(env, "downloads", "watch", *(row.id for row in rows), lines=20) as terminal:
        assert terminal.finish() == 1
    told = terminal.sent.decode()
    assert all(f"{row.id}: gone" in told for row in rows)


def test_ctrl_c_says_that_what_was_added_goes_on(alice: User, env: dict[str, str]) -> None:
    add_provider()
    arguments = ("downloads", "add", "hub", "org/model", "--user", "alice", "--wait", "--yes")
    with Terminal(env, *arguments) as terminal:
        terminal.wait_for("org/model")
        terminal.type(CTRL_C)
        assert terminal.finish() == 130
        short = terminal.lines[0][:8]
        assert terminal.lines[-1] == f"It goes on; to follow it again: downloads-app downloads watch {short}"
    assert history.find_download(short).status == "pending"


def test_top_is_drawn_anew_and_its_last_frame_stays(alice: User, env: dict[str, str]) -> None:
    provider = add_provider()
    for number in range(30):
        add_downloads(alice, provider, f"org/model-{number}", status="downloading", download_speed=number * 1000)
    with Terminal(env, "downloads", "top") as terminal:
        terminal.wait_until(lambda: len(terminal.lines) == 24, "full screen: what is too much is cut off below")
        assert terminal.lines[0] == "30 running, 435.0 kB/s; no worker is alive"
        workers.tell(workers.Presence("host:1:abc", concurrency=1))
        add_downloads(alice, provider, "org/faster", status="downloading", download_speed=65_000)
        terminal.wait_until(lambda: terminal.lines[0] == "31 running, 500.0 kB/s", "the sum, and no word of workers")
        terminal.wait_until(lambda: any("hub:org/faster" in line for line in terminal.lines[4:5]), "first row")
        terminal.type(CTRL_C)
        assert terminal.finish() == 130
        assert terminal.sent.count(b"\x1b[?1049h") == terminal.sent.count(b"\x1b[?1049l") == 1
        left = terminal.sent.rpartition(b"\x1b[?1049l")[2].decode()
        assert left.count("31 running") == left.count("hub:org/model-0 ") == left.count("hub:org/faster") == 1
        assert not any(line.endswith(" ") for line in left.splitlines())  # blank lines, where the window gets narrower
        assert not terminal.screen.cursor.hidden


@pytest.mark.parametrize("command", [("downloads", "top"), ("downloads", "watch")], ids=" ".join)
def test_a_database_that_fails_for_a_while_ends_nothing(
    alice: User, env: dict[str, str], command: tuple[str, str]
) -> None:
    add_downloads(alice, add_provider(), "org/model", status="downloading")
    with Terminal(env, *command) as terminal:
        terminal.wait_for("org/model")
        _rename("downloads", "away")
        terminal.wait_for("still trying")
        _rename("away", "downloads")
        terminal.wait_for("org/model")
        terminal.type(CTRL_C)
        assert terminal.finish() == 130


def _rename(table: str, name: str) -> None:
    db.session.execute(text(f"ALTER TABLE {table} RENAME TO {name}"))
    db.session.commit()


def test_a_terminal_that_cannot_move_its_cursor_gets_plain_lines(alice: User, env: dict[str, str]) -> None:
    row = add_downloads(alice, add_provider(), "org/model", status="failed", error_message="gone")[0]
    with Terminal(env, "downloads", "watch", row.id, variables={"TERM": "dumb"}) as terminal:
        assert terminal.finish() == 1
        assert terminal.lines == [f"{row.id[:8]} org/model – 0 B/– failed: gone"]
        assert b"\x1b" not in terminal.sent
    with Terminal(env, "downloads", "top", variables={"TERM": "dumb"}) as terminal:
        assert terminal.finish() == 0
        assert "0 running" in terminal.lines[-1]
        assert b"\x1b" not in terminal.sent
