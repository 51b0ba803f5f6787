"""What the doctor finds on this machine: each check against a real fault."""

import json
import resource
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import update

from downloads_app.cli.doctor import database, disk, kernel, providers, secrets
from downloads_app.cli.doctor.finding import Finding, State
from downloads_app.config import current_settings, load_settings
from downloads_app.extensions import db
from downloads_app.models import Download, User
from downloads_app.services.database.clock import database_now
from downloads_app.services.providers import catalog
from downloads_app.services.queue import pauses, workers
from downloads_app.services.queue.workers import Presence
from tests.support.downloading import WORKER, add_downloads, add_provider, claim
from tests.support.file_server import FileServer
from tests.support.pages import Page, serve_pages
from tests.support.publishing import provide
from tests.support.server import environment, flask
from tests.support.small_disk import small_disk


def states(findings: Iterable[Finding]) -> list[State]:
    return [finding.state for finding in findings]


def the_fault(findings: Iterable[Finding]) -> str:
    """Return the one fault, with what to do."""
    (fault,) = [finding for finding in findings if finding.state is State.WRONG]
    assert fault.advice
    return f"{fault.found} → {fault.advice}"


def test_what_is_well_asks_for_nothing(app: Flask, runner: FlaskCliRunner) -> None:
    workers.tell(Presence(WORKER, 3))
    current_settings().downloads_dir.mkdir()
    done = runner.invoke(args=["doctor", "--json"])
    told = json.loads(done.stdout)
    wrong = [finding for finding in told["findings"] if finding["state"] == "wrong"]
    assert [finding["part"] for finding in wrong] in ([], ["disk"], ["files"])  # this machine's own
    assert told["healthy"] is (not wrong)
    assert done.exit_code == (1 if wrong else 0)
    assert "1 alive, for 3 downloads at a time" in done.stdout


def test_a_fault_is_a_plain_line_with_its_cure_and_exit_code_1(app: Flask, runner: FlaskCliRunner) -> None:
    done = runner.invoke(args=["doctor"])
    assert done.exit_code == 1
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    assert "wrong  workers      no worker is alive, so every download waits" in lines
    assert "→ start one: downloads-app downloads worker" in done.stdout


@pytest.mark.parametrize(
    ("embedded", "more"),
    [(True, "; gunicorn (downloads-app run) brings one by itself, no other server does"), (False, "")],
)
def test_without_a_worker_the_cure_works_under_any_server(app: Flask, embedded: bool, more: str) -> None:
    """A server that runs without one may be waitress, which brings none: to start the web server would not help."""
    settings = current_settings().model_copy(update={"embedded_worker": embedded})
    (found,) = database.check_workers(settings)
    assert (found.state, found.advice) == (State.WRONG, f"start one: downloads-app downloads worker{more}")


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("STREAM_MAX", "many", "a whole number"),
        ("MAX_BYTES_PER_SECOND", "10MB", "a whole number of bytes, without a unit"),
        ("LEASE_SECONDS", "1m", "a number of seconds, without a unit"),
        ("INSTANCE_DIR", "/tmp/\udcff", "text in UTF-8"),
    ],
)
def test_a_setting_that_cannot_be_read_is_told_before_all_else(
    tmp_path: Path, variable: str, value: str, expected: str
) -> None:
    env = environment("sqlite:////tmp/x", tmp_path / "instance") | {variable: value}
    done = flask(env, "doctor")
    assert (done.returncode, done.stderr) == (1, f"error: {variable} is {value!r}; expected: {expected}\n")


@pytest.mark.parametrize("secret", ["a" * 32, "my-secret-password-for-the-service-2026"])
def test_a_secret_that_can_be_guessed_is_found(app: Flask, secret: str) -> None:
    weak = current_settings().model_copy(update={"jwt_secret_key": secret})
    told = the_fault(secrets.check_strength(weak))
    assert "JWT_SECRET_KEY can be guessed" in told
    assert secret not in told


def test_a_secret_that_others_can_read_is_found(app: Flask) -> None:
    settings = current_settings()
    assert states(secrets.check_modes(settings)) == [State.FINE]
    (settings.instance_dir / "jwt-secret").chmod(0o644)
    assert "mode 0644" in the_fault(secrets.check_modes(settings))


def test_a_database_that_is_away_or_not_migrated_is_found(tmp_path: Path) -> None:
    away = flask(environment("postgresql://x:secret@127.0.0.1:9/z", tmp_path / "instance"), "doctor")
    assert away.returncode == 1
    assert "wrong  database     the database cannot be reached" in away.stdout
    assert "secret" not in away.stdout.replace("secrets", "").replace("jwt-secret", "")
    empty = flask(environment(f"sqlite:///{tmp_path / 'empty'}", tmp_path / "instance"), "doctor")
    assert "has not this code's form" in empty.stdout
    assert "→ downloads-app db upgrade" in empty.stdout


def test_a_clock_that_goes_wrong_is_found(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    now = time.time
    assert states(database.check_clock(current_settings())) == [State.FINE]
    monkeypatch.setattr(time, "time", lambda: now() - 120)
    assert "120 s ahead of this machine's" in the_fault(database.check_clock(current_settings()))


def test_a_worker_that_is_gone_and_its_leases_are_found(app: Flask, alice: User) -> None:
    settings = current_settings()
    add_downloads(alice, add_provider(), "one")
    assert claim() is not None
    assert states(database.check_leases(settings)) == [State.FINE]
    db.session.execute(update(Download).values(lease_expires_at=database_now(-settings.lease_seconds - 5)))
    db.session.commit()
    assert "1 download is held by a worker that is gone" in the_fault(database.check_leases(settings))


def test_what_is_paused_is_noted(app: Flask, alice: User) -> None:
    assert list(database.check_pauses(current_settings())) == []
    pauses.set_queue_paused(True)
    pauses.set_provider_paused(add_provider(), True)
    found = list(database.check_pauses(current_settings()))
    assert [finding.advice for finding in found] == [
        "downloads-app queue resume, when the maintenance is over",
        "downloads-app providers resume hub",
    ]


def test_a_folder_that_cannot_be_written_to_is_found(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    below_a_file = the_fault(disk.check_writable(tmp_path / "file" / "below", "DOWNLOADS_DIR"))
    assert f"cannot be made: {tmp_path / 'file'} is not a folder" in below_a_file
    nowhere = Path("/proc/downloads")
    assert "cannot be made" in the_fault(disk.check_writable(nowhere, "DOWNLOADS_DIR"))
    assert states(disk.check_room(nowhere)) == []
    assert states(disk.check_writable(tmp_path / "missing", "DOWNLOADS_DIR")) == [State.NOTE]
    assert states(disk.check_writable(tmp_path, "DOWNLOADS_DIR")) == [State.FINE]
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_downloads_beside_our_own_files_are_found(tmp_path: Path) -> None:
    settings = load_settings(instance_dir=tmp_path, downloads_dir=tmp_path)
    assert f"DOWNLOADS_DIR also holds {tmp_path}" in the_fault(disk.check_folders(settings))


def test_a_disk_with_little_room_is_found(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1 << 20) as folder:
        assert "prune" in the_fault(disk.check_room(folder))


def test_a_disk_without_links_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    assert states(disk.check_links(tmp_path)) == [State.FINE]

    def refuse(*_: object) -> None:  # as vfat does, which no test may mount
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    assert "has no links" in the_fault(disk.check_links(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_too_few_open_files_for_stream_max_are_found(app: Flask) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    many = current_settings().model_copy(update={"stream_max": hard + 1})
    assert "LimitNOFILE=" in the_fault(kernel.check_files(many))
    few = current_settings().model_copy(update={"stream_max": 10})
    assert states(kernel.check_files(few)) == [State.FINE]


def test_io_uring_is_told_of(app: Flask) -> None:
    off = current_settings().model_copy(update={"stream_io_uring": "off"})
    assert states(kernel.check_io_uring(off)) == [State.NOTE]
    assert len(states(kernel.check_io_uring(current_settings()))) == 1


def test_a_provider_that_does_not_answer_is_found(app: Flask) -> None:
    with FileServer() as server:
        provide(server, "near")
        add_provider("far", allow_private_network=True)
        found = list(providers.check_providers(current_settings()))
    assert "far does not answer" in the_fault(found)
    assert "near answers" in [finding.found for finding in found]


def test_each_fault_of_a_provider_has_its_own_advice(app: Flask) -> None:
    settings = current_settings()
    with serve_pages({"/x.bin": Page(status=503)}) as pages:
        text = f"{pages.url}/x.bin"
        catalog.add_provider(settings, "private", "urls", address_list=text, allow_hosts=["lan.example"])
        found = list(providers.check_providers(settings))
        assert pages.paths == []
        catalog.change_provider(settings, catalog.find_provider("private"), {"allow_hosts": ["127.0.0.1"]})
        found += list(providers.check_providers(settings))
    found += list(providers.check_providers(settings))
    told = [(finding.found.partition("answer: ")[2], finding.advice) for finding in found]
    change = "downloads-app providers change private"
    assert told == [
        (
            "127.0.0.1 is a private address: an admin may allow that (providers change NAME --allow-host 127.0.0.1)",
            f"if you trust that host: {change} --allow-host lan.example --allow-host 127.0.0.1",
        ),
        (
            "x.bin: the server answered 503 Service Unavailable",
            "the fault is the server's: ask again later; its downloads are tried again for a while, then they fail",
        ),
        (
            f"{urlsplit(pages.url).netloc}: no connection can be made",
            f"see whether its server runs, and its list of addresses: {change}",
        ),
    ]


def test_a_secret_under_another_key_is_found(app: Flask) -> None:
    add_provider("hub", token="hf_secret")
    db.session.commit()
    other = current_settings().model_copy(update={"provider_token_key": "another key of more than thirty-two bytes"})
    assert "provider-key" in the_fault(providers.check_providers(other))
