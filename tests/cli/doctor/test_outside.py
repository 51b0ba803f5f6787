"""What the doctor finds from outside: nginx and the application for real, with one fault each."""

import json
import shutil
from collections.abc import Iterable, Iterator
from http.client import HTTPMessage
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from downloads_app import create_app
from downloads_app.cli.doctor import encryption, proxy, stream
from downloads_app.cli.doctor.address import Address, Answer, read_address
from downloads_app.cli.doctor.finding import Finding, State
from downloads_app.config import current_settings
from downloads_app.errors import InvalidInput
from downloads_app.extensions import db
from downloads_app.models import Download, Provider, User
from downloads_app.services.inspection import trial
from downloads_app.services.inspection.trial import Trial
from tests.support.front import Front
from tests.support.server import Server, flask, free_port

INTERVAL = 0.4
FORWARDED = "proxy_set_header X-Forwarded-For $remote_addr;"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    """A folder with a migrated database, and where the application's socket is."""
    folder = tmp_path_factory.mktemp("doctor")
    folder.chmod(0o755)
    shutil.copy(sqlite_template, folder / "test.sqlite3")
    return folder


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[Server]:
    """The application, which trusts nginx at its socket."""
    url = f"sqlite:///{place / 'test.sqlite3'}"
    server = Server(
        url,
        place / "instance",
        bind=f"unix:{place / 'gunicorn.sock'}",
        trusted_proxies="unix",
        stream_interval_seconds=INTERVAL,
    )
    server.start()
    yield server
    server.stop()


@pytest.fixture
def app(server: Server, place: Path) -> Iterator[Flask]:
    """The application as the command has it."""
    url = f"sqlite:///{place / 'test.sqlite3'}"
    app = create_app(database_url=url, instance_dir=place / "instance", stream_interval_seconds=INTERVAL)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def patient(app: Flask) -> Iterator[Trial]:
    """A user to try with."""
    with trial.begin(current_settings()) as patient:
        yield patient


def front_of(place: Path, monkeypatch: pytest.MonkeyPatch, **changes: str) -> Front:
    """Return nginx before the application; changes are by names of lines, see LINES."""
    front = Front(changes={LINES[name]: line for name, line in changes.items()}, socket_path=place / "gunicorn.sock")
    monkeypatch.setenv("SSL_CERT_FILE", str(front.certificate))
    return front


LINES = {
    "forwarded": FORWARDED,
    "buffering": "proxy_buffering off;",
    "gzip": "gzip off;",
    "scheme": "proxy_set_header X-Forwarded-Proto $scheme;",
    "default": "return 444;",
}


def the_faults(findings: Iterable[Finding]) -> str:
    faults = [finding for finding in findings if finding.state is State.WRONG]
    assert all(fault.advice for fault in faults)
    return "; ".join(fault.found for fault in faults)


def test_a_good_installation_has_no_fault_and_nothing_of_the_trial_stays(
    app: Flask, server: Server, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with front_of(place, monkeypatch) as front:
        env = server.env | {"SSL_CERT_FILE": str(front.certificate)}
        told = json.loads(flask(env, "doctor", "--url", front.url, "--json").stdout)
    outside = {"certificate", "http", "proxy", "names", "headers", "stream"}
    found = [finding for finding in told["findings"] if finding["part"] in outside]
    assert {finding["part"] for finding in found} == outside
    wrong = [finding["found"] for finding in found if finding["state"] == "wrong"]
    assert [text for text in wrong if not text.startswith("events are late")] == []  # a busy machine's may be
    for table in (User, Provider, Download):
        assert db.session.scalar(select(func.count()).select_from(table)) == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"buffering": "proxy_buffering on; proxy_ignore_headers X-Accel-Buffering;"}, "kept back on the way"),
        ({"gzip": "gzip on; gzip_types text/event-stream; gzip_proxied any;"}, "compressed on the way (gzip)"),
    ],
    ids=["buffered", "compressed"],
)
def test_events_that_are_kept_back_are_found(
    patient: Trial, place: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], words: str
) -> None:
    monkeypatch.setattr(stream, "PATIENCE_SECONDS", 1.0 if "buffering" in changes else 30.0)
    with front_of(place, monkeypatch, **changes) as front:
        assert words in the_faults(stream.check_stream(current_settings(), read_address(front.url), patient))


def test_events_that_are_late_are_found(patient: Trial, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hasty = current_settings().model_copy(update={"stream_interval_seconds": INTERVAL / 8})
    monkeypatch.setattr(stream, "LATE_SECONDS", INTERVAL)
    monkeypatch.setattr(stream, "PATIENCE_SECONDS", 30.0)
    with front_of(place, monkeypatch) as front:
        assert "events are late" in the_faults(stream.check_stream(hasty, read_address(front.url), patient))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"forwarded": "proxy_set_header X-Forwarded-For $http_x_forwarded_for;"}, "can pretend any address"),
        ({"forwarded": 'proxy_set_header X-Forwarded-For "";'}, "looked to the service like one from unknown: limits"),
        ({"scheme": "proxy_set_header X-Forwarded-Proto http;"}, "cookies are not Secure"),
    ],
    ids=["pretended", "none", "scheme"],
)
def test_forwarded_headers_that_are_wrong_are_found(
    patient: Trial, place: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], words: str
) -> None:
    with front_of(place, monkeypatch, **changes) as front:
        assert words in the_faults(proxy.check_forwarded(read_address(front.url), patient))


@pytest.mark.parametrize(
    ("seen", "state"),
    [("198.51.100.1", State.WRONG), ("198.51.100.9", State.NOTE), ("10.0.0.5", State.FINE), (None, State.WRONG)],
    ids=["the proxy's", "a router's", "ours", "none"],
)
def test_an_address_that_is_not_ours_is_judged_by_whose_it_is(seen: str | None, state: State) -> None:
    answer = Answer(200, HTTPMessage(), b"", seen_from="10.0.0.5", server="198.51.100.1")
    assert proxy._judge_address(seen, answer).state is state


def test_a_path_that_the_service_does_not_know_of_is_found(
    patient: Trial, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = {"forwarded": f"{FORWARDED} rewrite ^/fetch(/.*)$ $1 break;"}
    with front_of(place, monkeypatch, **below) as front:
        found = proxy.check_forwarded(read_address(f"{front.url}/fetch/"), patient)
        assert "does not know that it lies below /fetch" in the_faults(found)


def test_a_proxy_that_does_not_reach_the_service_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with front_of(tmp_path, monkeypatch) as front:
        assert "answers 502" in the_faults(proxy.check_proxy(read_address(front.url)))
    closed = read_address(f"http://127.0.0.1:{free_port()}")
    assert "nobody answers there" in the_faults(proxy.check_proxy(closed))


def test_something_else_that_answers_there_is_found(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with front_of(place, monkeypatch) as front:
        below = read_address(f"{front.url}/nothing/here")
        assert "something else answers there (status 404)" in the_faults(proxy.check_proxy(below))


def test_certificates_that_no_browser_takes_are_found(
    server: Server, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with front_of(place, monkeypatch) as front:
        good = read_address(front.url)
        assert "certificate verify failed" not in the_faults(encryption.check_encryption(good))
        other_name = Address(True, "127.0.0.2", good.port, "")
        monkeypatch.setenv("SSL_CERT_FILE", "/dev/null")
        assert "no browser takes the certificate: self-signed" in the_faults(encryption.check_encryption(good))
        assert "no TLS at 127.0.0.2" in the_faults(encryption.check_encryption(other_name))


@pytest.mark.parametrize(
    ("certificate", "words"),
    [
        ({"certificate_days": 5}, "for 4 days"),
        ({"certificate_days": -2}, "no browser takes the certificate: certificate has expired"),
        ({"certificate_host": "127.0.0.9"}, "certificate is not valid for '127.0.0.1'"),
    ],
    ids=["soon", "expired", "another name"],
)
def test_a_certificate_that_is_about_to_fail_or_is_anothers_is_found(
    monkeypatch: pytest.MonkeyPatch, certificate: dict[str, Any], words: str
) -> None:
    with Front(**certificate) as front:
        monkeypatch.setenv("SSL_CERT_FILE", str(front.certificate))
        assert words in the_faults(encryption.check_encryption(read_address(front.url)))


def test_plain_http_from_elsewhere_is_a_fault_and_on_this_machine_a_note() -> None:
    (near,) = encryption.check_encryption(read_address("http://localhost:8000"))
    (far,) = encryption.check_encryption(read_address("http://downloads.example.org"))
    assert (near.state, far.state) == (State.NOTE, State.WRONG)


def test_a_server_that_answers_any_name_is_noted(server: Server, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with front_of(place, monkeypatch) as front:
        (shipped,) = proxy.check_foreign_name(read_address(front.url))
    with front_of(place, monkeypatch, default="location / { proxy_pass http://downloads_app; }") as front:
        (open_to_all,) = proxy.check_foreign_name(read_address(front.url))
    assert (shipped.state, open_to_all.state) == (State.FINE, State.NOTE)


def test_what_an_earlier_doctor_left_behind_goes_with_the_next(app: Flask) -> None:
    killed = trial.begin(current_settings())
    killed.__enter__()
    with trial.begin(current_settings()):
        assert db.session.scalar(select(func.count()).select_from(User)) == 1
    assert db.session.scalar(select(func.count()).select_from(User)) == 0


@pytest.mark.parametrize("url", ["downloads.example.org", "ftp://x", "https://", "https://x:port", "http://[::1"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="is not an address"):
        read_address(url)
