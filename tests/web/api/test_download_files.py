"""`/api/downloads/<id>/files`: names, sums, bytes with ranges, and nothing outside of the folder."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from gunicorn.http.wsgi import FileWrapper
from werkzeug.test import TestResponse, create_environ

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Download, DownloadFile, Status, User, utc_now
from downloads_app.web.shares import FILES_PER_USER
from tests.conftest import bearer
from tests.support.downloading import folder_of
from tests.web.api.calling import add_download, add_provider, add_repository

CONTENT = bytes(range(256)) * 40
SECRET = b"bytes of somebody else"
NAMES = ["weights/model 1.gguf", "ümläut/100%.txt", "what?.bin", "<img src=x onerror=alert(1)>.html"]


@pytest.fixture
def download(alice: User) -> Download:
    """A completed download with files of difficult names on disk."""
    made = add_download(alice, add_repository(add_provider()), status=Status.COMPLETED)
    for position, name in enumerate(NAMES):
        put_file(made, position, name, CONTENT)
    return made


def put_file(download: Download, position: int, name: str, content: bytes | None) -> None:
    """List a file, and store it where there is content."""
    if content is not None:
        path = folder_of(download) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    row = DownloadFile(
        download_id=download.id,
        position=position,
        path=name,
        url="http://127.0.0.1:1/x",
        size_bytes=len(CONTENT),
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        completed_at=None if content is None else utc_now(),
    )
    db.session.add(row)
    db.session.commit()


def get_file(client: FlaskClient, user: User, download: Download, name: str, **headers: str) -> TestResponse:
    """Ask for a file's bytes."""
    path = f"/api/downloads/{download.id}/files/{quote(name)}"
    return client.open(path, headers={**bearer(user), **headers}, buffered=True)


def test_files_are_listed_in_order_and_paged(client: FlaskClient, alice: User, download: Download) -> None:
    path = f"/api/downloads/{download.id}/files"
    whole = client.get(path, headers=bearer(alice))
    assert [row["path"] for row in whole.json] == NAMES
    assert set(whole.json[0]) == {"path", "size_bytes", "current_bytes", "sha256", "completed_at"}
    part = client.get(f"{path}?page=2&page_size=3", headers=bearer(alice))
    assert [row["path"] for row in part.json] == NAMES[3:]
    assert '"total": 4' in part.headers["X-Pagination"]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_comes_whole_and_cannot_run_in_a_browser(
    client: FlaskClient, alice: User, download: Download, name: str
) -> None:
    sent = get_file(client, alice, download, name)
    assert (sent.status_code, sent.data) == (200, CONTENT)
    assert sent.mimetype == "application/octet-stream"
    assert sent.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in sent.headers["Content-Security-Policy"]
    assert sent.headers["X-Content-Type-Options"] == "nosniff"


def test_ranges_resume_a_transfer(client: FlaskClient, alice: User, download: Download) -> None:
    whole = get_file(client, alice, download, NAMES[0])
    part = get_file(client, alice, download, NAMES[0], Range="bytes=100-199")
    assert (part.status_code, part.data) == (206, CONTENT[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(CONTENT)}"
    kept = get_file(client, alice, download, NAMES[0], Range="bytes=9-", **{"If-Range": whole.headers["ETag"]})
    assert (kept.status_code, kept.data) == (206, CONTENT[9:])
    changed = get_file(client, alice, download, NAMES[0], Range="bytes=9-", **{"If-Range": '"other"'})
    assert (changed.status_code, changed.data) == (200, CONTENT)
    beyond = get_file(client, alice, download, NAMES[0], Range="bytes=999999-")
    assert (beyond.status_code, beyond.json["code"]) == (416, 416)


def test_others_find_no_file(client: FlaskClient, bob: User, admin: User, download: Download) -> None:
    assert get_file(client, bob, download, NAMES[0]).status_code == 404
    assert get_file(client, admin, download, NAMES[0]).status_code == 200
    assert client.get(f"/api/downloads/{download.id}/files/{quote(NAMES[0])}").status_code == 401


def test_a_file_that_is_not_complete_is_a_conflict(client: FlaskClient, alice: User, download: Download) -> None:
    put_file(download, 9, "late.bin", None)
    (folder_of(download) / "late.bin").write_bytes(b"not verified")
    assert get_file(client, alice, download, "late.bin").status_code == 409


def test_a_file_that_left_the_disk_is_not_found(client: FlaskClient, alice: User, download: Download) -> None:
    (folder_of(download) / NAMES[0]).unlink()
    assert get_file(client, alice, download, NAMES[0]).status_code == 404


@pytest.mark.parametrize("name", ["../../secret", "weights/../../secret", "/etc/passwd", "weights"])
def test_only_listed_files_are_sent(client: FlaskClient, alice: User, download: Download, name: str) -> None:
    (folder_of(download).parent / "secret").write_bytes(SECRET)
    answer = get_file(client, alice, download, name)
    assert answer.status_code in (404, 308)
    assert SECRET not in answer.data


def test_a_symbolic_link_leads_nowhere(client: FlaskClient, alice: User, download: Download, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(SECRET)
    (folder_of(download) / "link").symlink_to(outside)
    put_file(download, 9, "link/secret", SECRET)
    answer = get_file(client, alice, download, "link/secret")
    assert answer.status_code == 404
    assert SECRET not in answer.data


def test_nginx_sends_the_bytes_where_it_is_told_to(
    make_app: Callable[..., Flask], alice: User, download: Download
) -> None:
    downloads_dir = current_settings().downloads_dir
    app = make_app(accel_redirect_prefix="/protected/", downloads_dir=downloads_dir)
    with app.app_context():
        sent = get_file(app.test_client(), alice, download, NAMES[1])
    assert (sent.status_code, sent.data) == (200, b"")
    expected = folder_of(download).relative_to(downloads_dir) / NAMES[1]
    assert sent.headers["X-Accel-Redirect"] == quote(f"/protected/{expected}")


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {}, 200),
        ("HEAD", {}, 200),
        ("GET", {"Range": "bytes=5-9"}, 206),
        ("HEAD", {"Range": "bytes=5-9"}, 206),
        ("GET", {"Range": "bytes=999999-"}, 416),
        ("HEAD", {"Range": "bytes=999999-"}, 416),
        ("GET", {"If-None-Match": f'"{hashlib.sha256(CONTENT).hexdigest()}"'}, 304),
    ],
)
@pytest.mark.parametrize("is_read", [True, False])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_file_that_has_been_sent_holds_no_place(
    client: FlaskClient,
    alice: User,
    download: Download,
    method: str,
    headers: dict[str, str],
    status: int,
    is_read: bool,
) -> None:
    """One after another, a user fetches any number of files: whole or a part, read to the end or left early."""
    path = f"/api/downloads/{download.id}/files/{quote(NAMES[0])}"
    for _ in range(FILES_PER_USER + 2):
        sent = ask_as_gunicorn(client, alice, path, method, headers)
        assert sent.status_code == status
        assert not is_read or status != 200 or method == "HEAD" or sent.data == CONTENT
        sent.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_files_on_their_way_hold_places_until_they_end(client: FlaskClient, alice: User, download: Download) -> None:
    path = f"/api/downloads/{download.id}/files/{quote(NAMES[0])}"
    sent = [ask_as_gunicorn(client, alice, path) for _ in range(FILES_PER_USER)]
    assert ask_as_gunicorn(client, alice, path).status_code == 429
    sent[0].close()
    last = ask_as_gunicorn(client, alice, path)
    assert last.status_code == 200
    for answer in (*sent, last):
        answer.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_whole_file_stays_one_that_gunicorn_can_hand_to_the_kernel(
    app: Flask, alice: User, download: Download
) -> None:
    """Gunicorn calls sendfile(2) for a body of its own class alone."""
    path = f"/api/downloads/{download.id}/files/{quote(NAMES[0])}"
    environ = create_environ(path, headers=bearer(alice), environ_overrides={"wsgi.file_wrapper": FileWrapper})
    body: Any = app.wsgi_app(environ, lambda *_: lambda _: None)
    assert isinstance(body, FileWrapper)
    body.close()
    assert body.filelike.closed


def ask_as_gunicorn(
    client: FlaskClient, user: User, path: str, method: str = "GET", headers: dict[str, str] | None = None
) -> TestResponse:
    """Ask for a file, its body of gunicorn's class and not yet read."""
    overrides = {"wsgi.file_wrapper": FileWrapper}
    return client.open(path, method=method, headers={**bearer(user), **(headers or {})}, environ_overrides=overrides)
