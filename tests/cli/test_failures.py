"""What cannot be done is one line on standard error and an exit code, never a traceback."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from flask.testing import FlaskCliRunner

from downloads_app.models import User
from tests.cli.conftest import Run
from tests.support.downloading import add_provider
from tests.support.server import PROJECT, environment, flask
from tests.support.small_disk import fill_up, small_disk


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
        ("users", "delete", "\udcff"),
        ("downloads", "list", "--user", "\udcff"),
        ("downloads", "add", "hub", "org/model", "--user", "alice", "--include", "\udcff"),
        ("providers", "pause", "\udcff"),
        ("move-database", "\udcff"),
    ],
    ids=lambda arguments: ascii(" ".join(arguments)),
)
def test_wrong_usage_ends_with_code_2(runner: FlaskCliRunner, alice: User, arguments: tuple[str, ...]) -> None:
    assert runner.invoke(args=arguments).exit_code == 2


def outside(database_url: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return flask(environment(database_url, folder / "instance"), *arguments)


@pytest.mark.parametrize(
    "command", [("users", "list"), ("downloads", "worker", "--until-idle"), ("downloads", "watch")]
)
def test_a_database_that_is_not_migrated_is_one_line(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "instance").mkdir()
    done = outside(f"sqlite:///{tmp_path / 'empty.sqlite3'}", tmp_path, *command)
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr
        == "error: the database is not migrated: start `downloads-app run` once, or run `downloads-app db upgrade`\n"
    )


@pytest.mark.parametrize(
    "command",
    [
        *("downloads list", "users create alice", "doctor", "audit", "downloads worker --until-idle", "backup x"),
        *("db current", "db downgrade", "routes"),
    ],
    ids=str,
)
def test_no_command_but_a_server_or_a_migration_makes_an_instance(tmp_path: Path, command: str) -> None:
    folder = tmp_path / "nowhere" / "instance"
    env = environment("", folder)
    done = flask(env, *command.split())
    cure = "start `downloads-app run` once, or run `downloads-app db upgrade`"
    told = f"error: the folder INSTANCE_DIR={str(folder)!r} is not there yet: {cure}\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", told)
    completing = {"_FLASK_COMPLETE": "bash_complete", "COMP_WORDS": "flask users disable ", "COMP_CWORD": "3"}
    flask(env | completing)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("words", [(), ("users",), ("users", "create"), ("db", "upgrade")], ids=" ".join)
def test_flask_too_tells_its_help_without_an_instance(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "tmp").mkdir()
    env = environment("", tmp_path / "nowhere") | {"TMPDIR": str(tmp_path / "tmp")}
    done = flask(env, *words, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{' '.join(words)} [OPTIONS]" in done.stdout
    assert [path.name for path in tmp_path.rglob("*")] == ["tmp"]


@pytest.mark.parametrize("command", [("users", "list"), ("db", "upgrade")])
def test_an_unreachable_database_is_one_line_without_its_password(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = outside("postgresql://someone:secret@127.0.0.1:9/nowhere", tmp_path, *command)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: the database cannot be reached: see DATABASE_URL\n"


FLASK = "flask --app wsgi"


@pytest.mark.parametrize(
    "command",
    [
        *(f"{FLASK} users list", f"{FLASK} users list --json", f"{FLASK} doctor"),
        *("downloads_app --help", "downloads_app users list --help", "downloads_app --version"),
    ],
)
def test_an_output_on_a_full_disk_is_one_line(sqlite_url: str, tmp_path: Path, command: str) -> None:
    env = environment(sqlite_url, tmp_path / "instance")
    with Path("/dev/full").open("w") as full:
        words = [sys.executable, "-m", *command.split()]
        done = subprocess.run(words, cwd=PROJECT, env=env, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (1, "error: the output cannot be written: No space left on device\n")


@pytest.mark.parametrize("encoding", ["ascii", "iso-8859-1"])
def test_a_locale_without_our_characters_gets_question_marks_and_whole_json(
    sqlite_url: str, tmp_path: Path, encoding: str
) -> None:
    env = environment(sqlite_url, tmp_path / "instance") | {"PYTHONIOENCODING": encoding}
    at = ("--kind", "http", "--url", "https://x.example/\N{SNOWMAN}/")
    assert flask(env, "providers", "add", "hub", *at).returncode == 0
    listed, document = flask(env, "providers", "list"), flask(env, "providers", "list", "--json")
    assert (listed.returncode, listed.stderr, document.stderr) == (0, "", "")
    assert "?" in listed.stdout
    assert "\N{SNOWMAN}" in json.loads(document.stdout)[0]["url"]


def test_a_closed_output_is_no_error(sqlite_url: str, tmp_path: Path) -> None:
    env = environment(sqlite_url, tmp_path / "instance")
    words = [sys.executable, "-m", "flask", "--app", "wsgi", "users", "list", "--json"]
    closing = ["sh", "-c", 'exec "$@" >&-', "sh", *words]
    done = subprocess.run(closing, cwd=PROJECT, env=env, stderr=subprocess.PIPE, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_file_that_is_no_database_is_one_line_and_stays_as_it_is(tmp_path: Path) -> None:
    named = tmp_path / "passwd"
    named.write_text("root:x:0:0\n" * 200)
    done = outside(f"sqlite:///{named}", tmp_path, "users", "list")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: the file is no SQLite database: see DATABASE_URL\n"
    assert named.read_text() == "root:x:0:0\n" * 200


def test_a_secret_that_cannot_be_read_or_made_is_one_line(tmp_path: Path) -> None:
    secret = tmp_path / "instance" / "jwt-secret"
    secret.mkdir(parents=True)
    done = outside(f"sqlite:///{tmp_path / 'empty.sqlite3'}", tmp_path, "users", "list")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"error: {secret}: Is a directory; run this as the service's user\n"
    with small_disk(tmp_path / "failed", 1 << 20, is_read_only=True) as folder:
        done = flask(environment(f"sqlite:///{tmp_path / 'empty.sqlite3'}", folder), "doctor")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "Read-only file system; run this as the service's user" in done.stderr


def test_a_full_disk_of_the_database_is_told_so(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", 2 << 20) as disk:
        url = f"sqlite:///{disk / 'db.sqlite3'}"
        assert outside(url, tmp_path, "db", "upgrade").returncode == 0
        with closing(sqlite3.connect(disk / "db.sqlite3")) as server:  # which has its files beside the database open
            server.execute("SELECT 1 FROM users")
            fill_up(disk)
            done = outside(url, tmp_path, "providers", "add", "hub", "--kind", "http", "--url", "https://x.example/")
    assert (done.returncode, done.stderr) == (1, "error: the disk of the database is full: make room on it\n")
