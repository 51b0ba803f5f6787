"""`/api/downloads/<id>/files/<path>`: what becomes of a request while the disk is slow, or loses the file."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient

from downloads_app.models import Download, Status, User
from downloads_app.web import long_work
from downloads_app.web.api import download_files
from tests.support.downloading import folder_of
from tests.web.api.calling import add_download, add_provider, add_repository
from tests.web.api.test_download_files import CONTENT, get_file, put_file

NAME = "weights/model.gguf"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Disks have nothing to do with the kind of database."""
    return sqlite_url


@pytest.fixture
def stored(alice: User) -> Download:
    """A completed download with one file on disk."""
    made = add_download(alice, add_repository(add_provider()), status=Status.COMPLETED)
    put_file(made, 0, NAME, CONTENT)
    return made


def test_a_file_that_leaves_the_disk_at_this_moment_is_not_found(
    client: FlaskClient, alice: User, stored: Download, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = download_files._find_on_disk

    def find_and_lose(folder: Path, path: str) -> Path:
        found = find(folder, path)
        found.unlink()
        return found

    monkeypatch.setattr(download_files, "_find_on_disk", find_and_lose)
    assert get_file(client, alice, stored, NAME).status_code == 404
    assert not (folder_of(stored) / NAME).exists()


def test_a_file_is_found_and_opened_in_another_thread(
    client: FlaskClient, alice: User, stored: Download, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that hangs holds up who asks, not the event loop."""
    used: list[threading.Thread] = []

    def watch(name: str) -> None:
        function = getattr(download_files, name)

        def watched(*args: Any, **options: Any) -> Any:
            used.append(threading.current_thread())
            return function(*args, **options)

        monkeypatch.setattr(download_files, name, watched)

    watch("_find_on_disk")
    watch("send_file")
    with ThreadPoolExecutor(1) as pool:
        threads = SimpleNamespace(apply=lambda call: pool.submit(call).result())
        monkeypatch.setattr(long_work, "is_cooperative", lambda: True)
        monkeypatch.setattr(long_work.OPENING, "threads", threads)
        assert get_file(client, alice, stored, NAME).data == CONTENT
        assert get_file(client, alice, stored, NAME, Range="bytes=999999-").status_code == 416
    assert len(used) == 4
    assert threading.current_thread() not in used
