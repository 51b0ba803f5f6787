"""The commands of users, providers and downloads: what they print, how they fail."""

import json
import os
import pty
import select
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

from downloads_app.errors import NotAuthenticated
from downloads_app.extensions import db
from downloads_app.models import Download, Status, User, utc_now
from downloads_app.services import accounts, history, providers, tokens
from tests.conftest import PASSWORD
from tests.support.downloading import add_downloads, add_provider, reload
from tests.support.server import PROJECT, environment, flask

Run = Callable[..., str]


@pytest.fixture
def run(runner: FlaskCliRunner) -> Run:
    """Run a command that is to succeed; return what it printed on standard output."""

    def invoke(*arguments: str, input: str | None = None) -> str:
        result = runner.invoke(args=arguments, input=input)
        assert result.exit_code == 0, result.output
        return result.stdout

    return invoke


@pytest.fixture
def fail(runner: FlaskCliRunner) -> Run:
    """Run a command that is to fail with exit code 1; return its one line on standard error."""

    def invoke(*arguments: str, input: str | None = None) -> str:
        result = runner.invoke(args=arguments, input=input)
        assert result.exit_code == 1, result.output
        assert result.stdout == ""
        assert result.stderr.startswith("error: ")
        assert result.stderr.count("\n") == 1
        return result.stderr

    return invoke


def test_a_user_is_created_with_a_given_password(run: Run) -> None:
    output = run("users", "create", "carol", "--admin", "--password-stdin", input=f"{PASSWORD}\n")
    assert PASSWORD not in output
    carol = accounts.find_user("carol")
    assert carol.is_admin
    assert accounts.password_matches(carol.password_hash, PASSWORD)


def test_without_a_terminal_a_password_is_generated_and_printed_once(run: Run) -> None:
    output = run("users", "create", "carol")
    password = output.split("Password: ")[1].strip()
    assert accounts.password_matches(accounts.find_user("carol").password_hash, password)


def test_an_empty_password_on_standard_input_is_refused(fail: Run) -> None:
    assert "no password" in fail("users", "create", "carol", "--password-stdin", input="")


def test_users_are_listed(run: Run, alice: User, admin: User) -> None:
    assert "alice" in run("users", "list")
    listed = json.loads(run("users", "list", "--json"))
    assert [(user["username"], user["role"]) for user in listed] == [("alice", "user"), ("root-admin", "admin")]
    assert "password" not in json.dumps(listed)


def test_a_user_is_disabled_enabled_promoted_and_demoted(run: Run, alice: User, admin: User) -> None:
    for command, field, expected in (
        ("disable", "is_disabled", True),
        ("enable", "is_disabled", False),
        ("promote", "is_admin", True),
        ("demote", "is_admin", False),
    ):
        run("users", command, "alice")
        assert getattr(accounts.find_user("alice"), field) is expected


@pytest.mark.parametrize("command", ["disable", "demote"])
def test_the_last_admin_stays(fail: Run, admin: User, command: str) -> None:
    assert "last admin" in fail("users", command, "root-admin")


def test_a_token_is_printed_alone(run: Run, fail: Run, alice: User) -> None:
    raw = run("users", "token", "alice", "--expires", "120")
    assert raw.count("\n") == 1
    claims = tokens.verify(raw.strip())
    assert claims.user_id == alice.id
    assert claims.expires_at - claims.issued_at == pytest.approx(120, abs=2)
    assert "nobody" in fail("users", "token", "nobody")


def test_a_changed_password_ends_older_tokens(run: Run, alice: User) -> None:
    raw = tokens.issue_access(alice)
    run("users", "password", "alice", "--password-stdin", input="another horse\n")
    with pytest.raises(NotAuthenticated):
        tokens.authorize(tokens.verify(raw))


def test_a_provider_is_added_listed_and_removed_without_showing_its_token(run: Run) -> None:
    output = run(
        *("providers", "add", "hub", "--kind", "http", "--url", "https://hub.example/files"),
        *("--token-stdin", "--allow-private-network", "--max-connections", "3"),
        input="secret-token\n",
    )
    provider = providers.find_provider("hub")
    assert providers.access_of(provider).token == "secret-token"
    output += run("providers", "list")
    listed = run("providers", "list", "--json")
    assert json.loads(listed)[0]["has_token"] is True
    assert json.loads(listed)[0]["max_connections"] == 3
    assert "secret-token" not in output + listed
    run("providers", "remove", "hub")
    assert json.loads(run("providers", "list", "--json")) == []


def test_an_empty_token_means_none(run: Run) -> None:
    run("providers", "add", "hub", "--kind", "http", "--url", "https://x.example/", "--token-stdin", input="\n")
    assert providers.find_provider("hub").token_encrypted is None


def test_a_private_address_is_judged_when_connecting_not_here(run: Run) -> None:
    run("providers", "add", "near", "--kind", "http", "--url", "http://127.0.0.1:1/")


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


@pytest.mark.parametrize(
    "arguments",
    [
        ("downloads", "add", "nowhere", "org/model", "--user", "alice"),
        ("downloads", "add", "hub", "org/model", "--user", "nobody"),
        ("downloads", "add", "hub", "../escape", "--user", "alice"),
        ("downloads", "show", "ffff"),
        ("downloads", "show", "../../x"),
        ("downloads", "watch", "ffff"),
        ("downloads", "cancel", "ffff"),
        ("providers", "remove", "nowhere"),
        ("providers", "add", "hub", "--kind", "http", "--url", "https://x.example/"),
        ("providers", "add", "new", "--kind", "http", "--url", "ftp://x.example/"),
        ("providers", "add", "../x", "--kind", "http", "--url", "https://x.example/"),
        ("users", "create", "alice"),
        ("users", "create", "../alice"),
        ("users", "disable", "nobody"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_done_is_one_line_on_stderr(fail: Run, alice: User, arguments: tuple[str, ...]) -> None:
    add_provider()
    fail(*arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ("downloads", "list", "--status", "nonsense"),
        ("downloads", "worker", "--concurrency", "0"),
        ("downloads", "add", "hub"),
        ("downloads", "cancel"),
        ("providers", "add", "x", "--kind", "gopher", "--url", "https://x.example/"),
        ("users", "token", "alice", "--expires", "-1"),
        ("downloads", "nonsense"),
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_code_2(runner: FlaskCliRunner, alice: User, arguments: tuple[str, ...]) -> None:
    assert runner.invoke(args=arguments).exit_code == 2


def test_hostile_names_cannot_move_the_cursor_or_paint(run: Run, alice: User) -> None:
    row = add_downloads(alice, add_provider(), "a[red]b[/red]")[0]
    row.current_file, row.error_message, row.status = "x\x1b[2Jy\u202ez", "\x1b]0;title\x07 [bold]", Status.FAILED
    db.session.commit()
    for output in (run("downloads", "show", row.id), run("downloads", "list"), run("downloads", "watch", row.id)):
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


def outside(database_url: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return flask(environment(database_url, folder / "instance"), *arguments)


@pytest.mark.parametrize(
    "command", [("users", "list"), ("downloads", "worker", "--until-idle"), ("downloads", "watch")]
)
def test_a_database_that_is_not_migrated_is_one_line(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = outside(f"sqlite:///{tmp_path / 'empty.sqlite3'}", tmp_path, *command)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: the database is not migrated: run `flask db upgrade`\n"


def test_an_unreachable_database_is_one_line_without_its_password(tmp_path: Path) -> None:
    done = outside("postgresql://someone:secret@127.0.0.1:9/nowhere", tmp_path, "users", "list")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: the database cannot be reached: see DATABASE_URL\n"


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
            if b"[y/N]" in block:
                os.write(master, answer)
    finally:
        process.wait(30)
        os.close(master)
    return shown.decode()
