"""Whatever a user or a provider chooses, no turn of the event loop takes long: others' streams go on."""

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from downloads_app.config import current_settings
from downloads_app.models import Status, User
from downloads_app.services.accounts import tokens
from downloads_app.services.downloads.patterns import MAX_PATTERNS, MAX_TOTAL_LENGTH
from downloads_app.services.files.partials import find_partials
from downloads_app.services.providers import catalog
from tests.support.downloading import folder_of
from tests.support.file_server import FileServer
from tests.support.rows import add_download
from tests.support.server import Server
from tests.support.turns import PATH, watched_project

MOST_SECONDS = 0.1
LISTED_FILES = 30_000
LYING_FILES = 12_000
DEAR = {"include": [f"{'*a?' * 14}{number:03}*" for number in range(MAX_PATTERNS)], "exclude": ["*[!a]*b?*" * 20]}


@pytest.fixture
def watched(make_server: Callable[..., Server], tmp_path: Path) -> Server:
    """A server that tells the longest turn of its loop."""
    server = make_server(project=watched_project(tmp_path / "watched"))
    requests.get(server.url + PATH, timeout=60)
    return server


@pytest.fixture
def files() -> Iterator[FileServer]:
    """A provider with a repository of very many files, their names as long as may be."""
    with FileServer() as server:
        rows = [
            {
                "path": f"{'ab' * 60}/{number:06}.bin",
                "size": number,
                "sha256": hashlib.sha256(b"%d" % number).hexdigest(),
            }
            for number in range(LISTED_FILES)
        ]
        server.put("org/many/manifest.json", json.dumps({"files": rows}).encode())
        yield server


def longest(server: Server) -> float:
    """Return the longest turn since the last look."""
    return float(requests.get(server.url + PATH, timeout=60).json())


def check_short(server: Server, what: str) -> None:
    taken = longest(server)
    assert taken < MOST_SECONDS, f"{what}: a turn of {taken * 1000:.0f} ms"


def signed_in(user: User) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens.issue_access(current_settings(), user)}"}


def test_a_plan_of_very_many_files_with_dear_patterns(watched: Server, alice: User, files: FileServer) -> None:
    assert sum(map(len, DEAR["include"])) <= MAX_TOTAL_LENGTH
    provider = catalog.add_provider(current_settings(), "many", "http", files.url, allow_private_network=True)
    wanted: dict[str, object] = {"provider_id": provider.id, "repository": "org/many"}
    _ask_for_plan(watched, wanted, alice)  # what is loaded and compiled at first use
    longest(watched)
    whole = _ask_for_plan(watched, wanted, alice)
    assert whole.json()["total_files"] == LISTED_FILES
    check_short(watched, "a plan of all")
    few = _ask_for_plan(watched, wanted | DEAR, alice)
    assert few.status_code in (200, 422)
    check_short(watched, "a plan with dear patterns")


def _ask_for_plan(server: Server, wanted: dict[str, object], user: User) -> requests.Response:
    return requests.post(f"{server.url}/api/downloads/plan", json=wanted, headers=signed_in(user), timeout=120)


def test_removing_very_many_files(watched: Server, alice: User) -> None:
    for change in ("cancel", "delete"):
        row = add_download(alice, status=Status.PAUSED if change == "cancel" else Status.COMPLETED, revision=change)
        folder = find_partials(folder_of(row)) if change == "cancel" else folder_of(row)
        folder.mkdir(parents=True)
        for number in range(LYING_FILES):
            (folder / f"{number}.data").touch()
        url = f"{watched.url}/api/downloads/{row.id}"
        longest(watched)
        if change == "cancel":
            answer = requests.post(f"{url}/cancel", headers=signed_in(alice), timeout=60)
        else:
            answer = requests.delete(f"{url}?files=true", headers=signed_in(alice), timeout=60)
        assert answer.ok, answer.text
        assert not folder.exists()
        check_short(watched, change)
