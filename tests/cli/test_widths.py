"""What commands print at 80 and 200 columns: no line too long, no word lost, whatever names people have."""

import io
import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskCliRunner
from rich.cells import cell_len
from rich.console import Console
from sqlalchemy import update

from downloads_app.cli import download_views
from downloads_app.cli.bars import draw
from downloads_app.cli.standstill import ITS_TURN
from downloads_app.extensions import db
from downloads_app.models import Act, ApiKey, Download, Identity, Status, User, WorkerProcess, utc_now
from downloads_app.services import audit
from downloads_app.services.accounts import keys
from downloads_app.services.audit import COMMAND_LINE, Account, Thing
from downloads_app.services.downloads import history
from downloads_app.services.queue import outcomes, workers
from downloads_app.services.queue.workers import Presence
from tests.support.downloading import add_downloads, add_provider, claim

REASON = "Not enough disk: 123,456,789,012 bytes are needed, 5 are free, of which running downloads need 4"
HOSTILE = "組織/" + "模型" * 25 + "\u202e-" + "a-rather-long-name-" * 4
WORKER = "a-machine-with-a-long-name.in.a.data.centre.example.org-12345-0f0f0f0f"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Widths have nothing to do with the kind of database."""
    return sqlite_url


@pytest.fixture
def story(alice: User, make_user: Callable[..., User]) -> Download:
    """A download with a long name and a long reason, beside everything that the other commands list."""
    make_user("n" * 80)
    provider = add_provider("a-provider-with-quite-a-long-name-indeed")
    row = add_downloads(alice, provider, HOSTILE, total_bytes=123_456_789_012_345)[0]
    found = claim(WORKER)
    assert found is not None
    outcomes.wait(found, f"{REASON} 模型\x1b[2J", 60)
    add_downloads(alice, provider, f"{HOSTILE}2", total_bytes=123_456_789_012_345)
    assert claim(WORKER) is not None
    workers.tell(Presence(WORKER, 2))
    db.session.execute(update(WorkerProcess).values(host=WORKER))
    db.session.commit()
    keys.create_key(
        alice.id, "a name of a program, as long as somebody likes it to be", keys.SCOPES, None, by=COMMAND_LINE
    )
    return row


def test_what_goes_into_a_pipe_has_no_spaces_at_the_ends_of_lines(
    runner: FlaskCliRunner, story: Download, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    for command in ("doctor", "downloads list", f"downloads show {story.id}", "providers list", "users list"):
        shown = runner.invoke(args=command.split()).stdout
        assert shown.strip(), command
        assert [line for line in shown.splitlines() if line.endswith(" ")] == [], command


@pytest.mark.parametrize("columns", [80, 200])
def test_no_line_is_longer_than_the_terminal_is_wide(
    runner: FlaskCliRunner, story: Download, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for command in (
        "audit",
        "doctor",
        "downloads list",
        f"downloads show {story.id}",
        f"downloads show {story.id} --events",
        "downloads stuck",
        "downloads top",
        "keys list",
        "providers list",
        "providers show a-provider-with-quite-a-long-name-indeed",
        "users list",
        "users usage",
        "workers list",
    ):
        done = runner.invoke(args=command.split())
        assert done.exit_code == (1 if command == "doctor" and done.exit_code else 0), done.output
        shown = done.stdout
        assert [line for line in shown.splitlines() if line.endswith(" ")] == [], command
        assert max(map(cell_len, shown.splitlines())) <= columns, command
        assert not {"…", "\x1b", "\u202e"} & set(shown), command


@pytest.mark.parametrize(
    ("command", "columns"),
    [
        ("audit", 120),
        ("downloads stuck", 120),
        ("keys list", 120),
        ("users identities alice", 80),
        ("users list", 80),
        ("workers list", 80),
    ],
)
def test_a_time_stands_in_one_line(
    runner: FlaskCliRunner, story: Download, monkeypatch: pytest.MonkeyPatch, command: str, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    audit.note(Act.PROVIDER_CHANGED, COMMAND_LINE, thing=Thing("provider", "1", HOSTILE), detail=f"{REASON} {WORKER}")
    audit.note(Act.USER_CREATED, COMMAND_LINE, Account("1", "m" * 80), detail=REASON)
    db.session.execute(update(ApiKey).values(expires_at=utc_now(), last_used_at=utc_now()))
    db.session.add(Identity(user_id=story.user_id, issuer=f"https://{'a' * 80}.example", subject="s" * 80))
    db.session.commit()
    shown = runner.invoke(args=command.split()).stdout
    times = re.findall(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [A-Z]", shown)
    assert len(times) == len(re.findall(r"\d{4}-\d\d-\d\d", shown)) > 0, shown


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize("command", ["stuck", "list", "show", "show --events"])
def test_a_reason_can_be_read_to_its_end(
    runner: FlaskCliRunner, story: Download, monkeypatch: pytest.MonkeyPatch, columns: int, command: str
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    name, *options = command.split()
    shown = runner.invoke(args=["downloads", name, *([story.id] if name == "show" else []), *options]).stdout
    assert [word for word in REASON.split() if word not in shown] == []


def test_on_a_wide_terminal_a_row_is_one_line(
    runner: FlaskCliRunner, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = add_downloads(alice, add_provider(), "org/model", wait_reason=REASON)[0]
    monkeypatch.setenv("COLUMNS", "200")
    for command in ("list", "stuck"):
        (line,) = [line for line in runner.invoke(args=["downloads", command]).stdout.splitlines() if REASON in line]
        assert line.strip().startswith(row.id[:8])


def test_on_a_narrow_terminal_sentences_have_its_full_width(
    runner: FlaskCliRunner, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = add_downloads(alice, add_provider(), "org/model", wait_reason=REASON)[0]
    monkeypatch.setenv("COLUMNS", "80")
    lines = runner.invoke(args=["downloads", "stuck", "--utc"]).stdout.splitlines()
    assert lines[0].startswith(f"{row.id[:8]} alice org/model, since 20")
    assert lines[1:] == [
        "  Not enough disk: 123,456,789,012 bytes are needed, 5 are free, of which",
        "  running downloads need 4",
        "  → start one: downloads-app downloads worker",
    ]


@pytest.mark.parametrize("columns", [80, 200])
def test_bars_need_no_more_lines_than_the_screen_has_and_cut_no_reason(alice: User, columns: int) -> None:
    add_downloads(alice, add_provider(), *(f"org/{number}" for number in range(30)), wait_reason=REASON)
    console = Console(file=io.StringIO(), force_terminal=True, width=columns, height=24, color_system=None)
    console.print(draw(history.list_downloads().rows, console, None))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]  # of the StringIO above
    assert len(lines) <= 22
    assert max(map(cell_len, lines)) <= columns
    shown = sum("org/" in line for line in lines)
    assert f"and {30 - shown} more" in lines[-1]
    assert "".join("".join(lines).split()).count("need4") == shown > 1


def test_a_long_list_compares_no_row_with_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """100,000 rows that wait took half a minute to print on a narrow terminal."""

    def refuse(*_: object) -> bool:
        raise AssertionError("a row was compared with another")

    rows = [Download(id=f"{number:08}", status=Status.PENDING) for number in range(3)]
    monkeypatch.setattr(Download, "__eq__", refuse)
    download_views._print_reasons(rows, {row.id: ITS_TURN for row in rows})
