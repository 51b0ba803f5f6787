"""`downloads-app downloads …`: what it prints, how it looks in a terminal."""

import json
import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

from downloads_app.extensions import db
from downloads_app.models import Download, Status, User, utc_now
from downloads_app.services.downloads import history
from tests.cli.conftest import Run
from tests.support.downloading import add_downloads, add_provider, reload
from tests.support.server import PROJECT, environment


def test_adding_a_download_prints_its_id_alone_and_never_asks_without_a_terminal(run: Run, alice: User) -> None:
    add_provider()
    printed = run(
        *("downloads", "add", "hub", "org/model", "--user", "alice", "--revision", "v1"),
        *("--include", "*.gguf", "--include", "*.json", "--exclude", "old/*", "--priority", "-3"),
    )
    row = history.find_download(printed.strip())
    assert printed == f"{row.id}\n"
    assert (row.user.username, row.repository.name, row.revision) == ("alice", "org/model", "v1")
    assert (row.include, row.exclude, row.priority) == (["*.gguf", "*.json"], ["old/*"], -3)


def test_a_second_download_of_the_same_names_the_first(run: Run, fail: Run, alice: User) -> None:
    add_provider()
    first = run("downloads", "add", "hub", "org/model", "--user", "alice").strip()
    assert first in fail("downloads", "add", "hub", "org/model", "--user", "alice")


def test_lists_are_newest_first_filtered_and_limited(run: Run, alice: User, bob: User) -> None:
    provider = add_provider()
    add_downloads(alice, provider, "a0", "a1")
    add_downloads(bob, provider, "b0", status="failed")

    def names(*arguments: str) -> list[str]:
        return [row["repository"] for row in json.loads(run("downloads", "list", "--json", *arguments))]

    assert names() == ["b0", "a1", "a0"]
    assert names("--user", "alice") == ["a1", "a0"]
    assert names("--status", "failed", "--status", "paused") == ["b0"]
    assert names("--limit", "1") == ["b0"]
    table = run("downloads", "list")
    assert table.index("hub:b0") < table.index("hub:a1") < table.index("hub:a0")


def test_show_tells_everything_in_json_and_in_fields(run: Run, alice: User) -> None:
    row = add_downloads(alice, add_provider(), "org/model", current_bytes=500, total_bytes=1000)[0]
    row.error_message, row.status = "it broke", Status.FAILED
    db.session.commit()
    shown = json.loads(run("downloads", "show", row.id[:8], "--json"))
    assert list(shown["progress_data"]) == [
        "current_bytes",
        "total_bytes",
        "current_file",
        "total_files",
        "files_completed",
        "download_speed",
        "eta_seconds",
    ]
    assert shown["error_message"] == "it broke"
    assert shown["started_at"] is None
    text = run("downloads", "show", row.id)
    assert "it broke" in text
    assert "500 B of 1.0 kB" in text


@pytest.mark.parametrize("status", Status)
def test_a_file_is_present_only_while_its_download_runs(run: Run, alice: User, status: Status) -> None:
    provider = add_provider()
    row = add_downloads(alice, provider, "org/model", status=status, current_file="model.gguf")[0]
    assert ("model.gguf" in run("downloads", "show", row.id)) == (status == Status.DOWNLOADING)


def test_downloads_are_paused_resumed_cancelled_and_retried(run: Run, fail: Run, alice: User) -> None:
    rows = add_downloads(alice, add_provider(), "one", "two")
    ids = [row.id for row in rows]
    for command, status in (
        ("pause", "paused"),
        ("resume", "pending"),
        ("cancel", "cancelled"),
        ("retry", "pending"),
    ):
        output = run("downloads", command, *ids)
        assert [reload(row).status for row in rows] == [status, status]
        assert all(download_id in output for download_id in ids)
    assert "is pending; it cannot be resumed" in fail("downloads", "resume", ids[0])


def test_prune_removes_finished_ones(run: Run, alice: User) -> None:
    provider = add_provider()
    add_downloads(alice, provider, "active")
    add_downloads(alice, provider, "done", status="completed", completed_at=utc_now())
    assert run("downloads", "prune", "--older-than", "1") == "Removed 0 downloads\n"
    assert run("downloads", "prune") == "Removed 1 download\n"
    assert db.session.query(Download).count() == 1


@pytest.mark.parametrize("days", ["nan", "inf", "1e300", "800000", "-1", "ten"])
def test_an_age_that_no_moment_has_is_refused_in_a_line(runner: FlaskCliRunner, days: str) -> None:
    refused = runner.invoke(args=["downloads", "prune", "--older-than", days])
    assert refused.exit_code == 2
    assert "Invalid value for '--older-than'" in refused.stderr


def test_hostile_names_cannot_move_the_cursor_or_paint(run: Run, runner: FlaskCliRunner, alice: User) -> None:
    row = add_downloads(alice, add_provider(), "a[red]b[/red]")[0]
    row.current_file, row.error_message, row.status = "x\x1b[2Jy\u202ez", "\x1b]0;title\x07 [bold]", Status.FAILED
    db.session.commit()
    watched = runner.invoke(args=["downloads", "watch", row.id]).output
    assert "a[red]b[/red]" in watched
    for output in (run("downloads", "show", row.id), run("downloads", "list"), watched):
        assert "\x1b" not in output
        assert "\u202e" not in output
        assert "\x07" not in output
    assert "a[red]b[/red]" in run("downloads", "show", row.id)


def test_watching_ends_when_nothing_is_active(run: Run, alice: User) -> None:
    assert run("downloads", "watch").strip() == "Nothing is active"
    row = add_downloads(alice, add_provider(), "org/model", status="completed")[0]
    assert "org/model" in run("downloads", "watch", row.id)


@pytest.mark.parametrize("columns", [80, 200])
def test_tables_fit_the_terminal(run: Run, alice: User, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    provider = add_provider("a-provider-with-quite-a-long-name-indeed")
    add_downloads(alice, provider, "some-organisation/" + "long-model-name-" * 6, total_bytes=123_456_789_012)
    monkeypatch.setenv("COLUMNS", str(columns))
    for output in (run("downloads", "list"), run("providers", "list"), run("users", "list")):
        assert max(map(len, output.splitlines())) <= columns
    listed = "".join(run("downloads", "list").split())
    assert "…" not in listed


def test_on_a_terminal_a_download_is_confirmed_first(
    app: Flask, alice: User, database_url: str, tmp_path: Path
) -> None:
    add_provider()
    env = environment(database_url, tmp_path / "instance")
    arguments = ["downloads", "add", "hub", "org/model", "--user", "alice"]
    assert "org/model" in _answer_on_terminal(env, arguments, b"n\n")
    assert history.list_downloads().total == 0
    _answer_on_terminal(env, arguments, b"y\n")
    db.session.rollback()
    assert history.list_downloads().total == 1


def _answer_on_terminal(env: dict[str, str], arguments: list[str], answer: bytes) -> str:
    """Run a command on a pseudo-terminal, answer its question, and return all that it showed."""
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "flask", "--app", "wsgi", *arguments]
    process = subprocess.Popen(command, cwd=PROJECT, env=env, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    shown = b""
    try:
        while select.select([master], [], [], 60)[0]:
            try:
                block = os.read(master, 4096)
            except OSError:  # the other end is closed: it has ended
                break
            shown += block
            if answer and b"[y/N]" in shown:  # it may come in parts
                os.write(master, answer)
                answer = b""
    finally:
        process.wait(30)
        os.close(master)
    return shown.decode()
