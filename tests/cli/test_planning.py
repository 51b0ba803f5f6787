"""`downloads-app downloads plan`, and the plan that `add` shows on a terminal before it asks."""

import json
from collections.abc import Iterator
from hashlib import sha256

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

from downloads_app.cli.planning import Preview
from downloads_app.config import current_settings
from downloads_app.models import User
from downloads_app.services.accounts import users
from downloads_app.services.downloads import history
from downloads_app.services.downloads.plans import Plan, PlannedFile
from downloads_app.services.files import folders
from downloads_app.services.files.partials import SideFile
from downloads_app.worker.files.storage import Storage
from tests.cli.conftest import Run
from tests.support.file_server import FileServer
from tests.support.publishing import provide, publish
from tests.support.terminal import Terminal
from tests.worker.files.placing import put_data
from tests.worker.running import run as run_job

PLAN = ("downloads", "plan", "local", "org/model", "--user", "alice")
ADD = ("downloads", "add", "local", "org/model", "--user", "alice")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Plans have nothing to do with the kind of database."""
    return sqlite_url


@pytest.fixture
def server(app: Flask) -> Iterator[FileServer]:
    with FileServer() as server:
        publish(server, "org/model", {"model.bin": bytes(300_000), "notes.txt": b"hello"})
        provide(server)
        yield server


def test_a_plan_ends_with_how_much_it_is_and_how_much_room_there_is(run: Run, server: FileServer, alice: User) -> None:
    assert "\n2 files, 300.0 kB; free " in run(*PLAN)
    assert "\n1 file, 5 B; free " in run(*PLAN, "--include", "*.txt")


def test_a_plan_of_nobody_counts_nobodys_files_and_no_quota(
    run: Run, app: Flask, server: FileServer, alice: User
) -> None:
    run(*ADD)
    run_job(app)
    users.set_quota(alice, 1_000_000)
    told, here = json.loads(run(*PLAN[:4], "--json")), json.loads(run(*PLAN, "--json"))
    assert (told["here_bytes"], told["quota_left_bytes"]) == (0, None)
    assert here["here_bytes"] == here["total_bytes"] == told["total_bytes"] == 300_005
    assert "\n2 files, 300.0 kB; free " in run(*PLAN[:4])
    assert "quota" not in run(*PLAN[:4])


def test_a_file_of_which_a_part_is_here_is_marked(run: Run, server: FileServer, alice: User) -> None:
    row = history.find_download(run(*ADD).strip())
    storage = Storage(folders.folder_of(current_settings().downloads_dir, row))
    storage.prepare([])
    put_data(storage, "model.bin", bytes(100_000))
    known = SideFile(f"sha256:{sha256(bytes(300_000)).hexdigest()}", 300_000, [(0, 100_000)])
    storage.write_side_file("model.bin", known)
    told = run(*PLAN)
    assert "of which 100.0 kB are here" in told
    assert tell_here(told) == {"model.bin": ["part"], "notes.txt": []}
    assert tell_here(run(*PLAN[:4])) == {"model.bin": [], "notes.txt": []}  # of nobody


def tell_here(plan: str) -> dict[str, list[str]]:
    """Return what stands behind each file and its size."""
    cells = [line.split() for line in plan.splitlines()]
    return {words[0]: words[3:] for words in cells if words and words[0] in ("model.bin", "notes.txt")}


def test_a_plan_says_so_where_nobody_knows_a_size() -> None:
    files = (PlannedFile("model.bin", None, None, is_here=False),)
    plan = Plan(files, None, here_bytes=0, free_bytes=2000, quota_left_bytes=1000, commit=None, begun=frozenset())
    found = Preview(plan, why_nothing="")
    assert found.summarize() == "1 file, of unknown size; free 2.0 kB, quota left 1.0 kB"
    assert found.find_faults() == []


def test_a_plan_says_that_no_file_matches(runner: FlaskCliRunner, server: FileServer, alice: User) -> None:
    done = runner.invoke(args=[*PLAN, "--include", "*.safetensor"])
    told = "No file matches the patterns (include '*.safetensor'), of 2 files\n"
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", told)
    done = runner.invoke(args=[*PLAN, "--include", "*.safetensor", "--json"])
    assert (done.exit_code, json.loads(done.stdout)["files"], done.stderr) == (1, [], told)


def test_a_plan_says_what_does_not_fit(
    runner: FlaskCliRunner, server: FileServer, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "free_bytes", lambda _: 200_000)
    done = runner.invoke(args=list(PLAN))
    assert (done.exit_code, done.stderr) == (1, "It does not fit: 300.0 kB would come, 200.0 kB are free\n")
    users.set_quota(alice, 1000)
    done = runner.invoke(args=list(PLAN))
    assert done.stderr.splitlines()[1:] == ["It is over the quota: 300.0 kB would come, 1.0 kB are left"]
    assert "quota left 1.0 kB" in done.stdout


def test_what_is_added_on_a_terminal_is_shown_before_the_question(
    alice: User, server: FileServer, env: dict[str, str]
) -> None:
    with Terminal(env, *ADD, columns=120) as terminal:
        terminal.wait_for("Download org/model from local for alice? [y/N]")
        assert terminal.lines[-2].startswith("2 files, 300.0 kB; free ")
        terminal.type(b"n\n")
        assert terminal.finish() == 1
    assert history.list_downloads().total == 0


def test_a_mistyped_repository_is_noticed_before_the_question(
    alice: User, server: FileServer, env: dict[str, str]
) -> None:
    with Terminal(env, "downloads", "add", "local", "org/modle", "--user", "alice", columns=120) as terminal:
        terminal.wait_for("Queue org/modle from local for alice all the same? [y/N]")
        assert terminal.lines[-2] == "Repository 'org/modle' is not found"
        terminal.type(b"y\n")  # it may be there soon
        assert terminal.finish() == 0
    assert history.list_downloads().total == 1


def test_nothing_is_asked_of_a_provider_where_nobody_is_asked(run: Run, server: FileServer, alice: User) -> None:
    run(*ADD)
    assert server.requests == []
