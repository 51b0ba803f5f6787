"""`/api/downloads/space`, and how much of each file is here."""

import json
import os
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Download, DownloadFile, Status, User
from downloads_app.services.files import space
from downloads_app.services.files.folders import folder_of
from downloads_app.services.files.partials import find_partials, key_of
from tests.conftest import bearer
from tests.web.api.calling import add_download, add_provider, add_repository


def put(download: Download, name: str, content: bytes) -> Path:
    path = folder_of(current_settings().downloads_dir, download) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def ask(client: FlaskClient, user: User, *downloads: Download) -> dict[str, object]:
    query = "&".join(f"id={download.id}" for download in downloads)
    answer = client.get(f"/api/downloads/space?{query}", headers=bearer(user))
    assert answer.status_code == 200
    assert answer.json is not None
    return dict(answer.json)


def test_files_that_others_link_to_free_nothing_unless_all_go(client: FlaskClient, alice: User) -> None:
    provider = add_provider()
    one, two = (
        add_download(alice, add_repository(provider, name), status=Status.COMPLETED) for name in ("org/a", "org/b")
    )
    own, shared = put(one, "own.bin", b"x" * 50_000), put(one, "shared.bin", b"y" * 70_000)
    (folder_of(current_settings().downloads_dir, two)).mkdir(parents=True)
    os.link(shared, folder_of(current_settings().downloads_dir, two) / "shared.bin")
    assert own.stat().st_size == 50_000
    assert ask(client, alice, one) == {
        "bytes": 120_000,
        "freed_bytes": 50_000,
        "staying_downloads": 0,
        "is_minimum": False,
    }
    assert ask(client, alice, two) == {"bytes": 70_000, "freed_bytes": 0, "staying_downloads": 0, "is_minimum": False}
    assert ask(client, alice, one, two) == {
        "bytes": 120_000,
        "freed_bytes": 120_000,
        "staying_downloads": 0,
        "is_minimum": False,
    }


def test_a_folder_that_another_download_has_too_stays(client: FlaskClient, alice: User) -> None:
    repository = add_repository(add_provider())
    one, two = (add_download(alice, repository, status=Status.COMPLETED) for _ in range(2))
    put(one, "a.bin", b"x" * 1000)
    assert ask(client, alice, one) == {"bytes": 0, "freed_bytes": 0, "staying_downloads": 1, "is_minimum": False}
    assert ask(client, alice, one, two)["freed_bytes"] == 1000
    assert ask(client, alice, one, two)["staying_downloads"] == 0
    for download, stays in ((one, "true"), (two, None)):
        answer = client.delete(f"/api/downloads/{download.id}?files=true", headers=bearer(alice))
        assert (answer.status_code, answer.headers.get("X-Files-Stay")) == (204, stays)


def test_what_the_caller_may_not_see_counts_for_nothing(client: FlaskClient, alice: User, bob: User) -> None:
    download = add_download(alice, add_repository(add_provider()), status=Status.COMPLETED)
    put(download, "a.bin", b"x" * 1000)
    assert ask(client, bob, download)["bytes"] == 0
    assert client.get("/api/downloads/space", headers=bearer(bob)).status_code == 422


def test_of_too_many_files_the_figures_are_minima(
    client: FlaskClient, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(space, "MAX_ENTRIES", 2)
    download = add_download(alice, add_repository(add_provider()), status=Status.COMPLETED)
    for name in ("a.bin", "b.bin"):
        put(download, name, b"x" * 1000)
    assert ask(client, alice, download) == {
        "bytes": 2000,
        "freed_bytes": 2000,
        "staying_downloads": 0,
        "is_minimum": False,
    }
    put(download, "c.bin", b"x" * 1000)
    assert ask(client, alice, download) == {
        "bytes": 2000,
        "freed_bytes": 2000,
        "staying_downloads": 0,
        "is_minimum": True,
    }


def test_each_file_tells_how_much_of_it_is_here(client: FlaskClient, alice: User) -> None:
    download = add_download(alice, add_repository(add_provider()), status=Status.DOWNLOADING)
    for position, name in enumerate(("begun.bin", "to come.bin")):
        db.session.add(DownloadFile(download_id=download.id, position=position, path=name, url="-", size_bytes=900))
    db.session.commit()
    partials = find_partials(folder_of(current_settings().downloads_dir, download))
    partials.mkdir(parents=True)
    (partials / f"{key_of('begun.bin')}.data").write_bytes(b"x" * 800)
    known = {"validator": "etag:1", "total_bytes": 900, "ranges": [[0, 300], [500, 600]]}
    (partials / f"{key_of('begun.bin')}.json").write_text(json.dumps(known))
    rows = client.get(f"/api/downloads/{download.id}/files", headers=bearer(alice)).json
    assert [(row["path"], row["current_bytes"]) for row in rows] == [("begun.bin", 400), ("to come.bin", 0)]
