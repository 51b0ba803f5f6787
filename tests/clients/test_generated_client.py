"""A client that openapi-python-client makes of the description: signs in, adds a download, follows it to its end."""

import importlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.clients.live_server import PASSWORD, LiveServer, serve

WAIT_SECONDS = 60


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[LiveServer]:
    with serve(tmp_path_factory.mktemp("live"), sqlite_template) as server:
        yield server


@pytest.fixture(scope="module")
def generated(live: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of the package, made from what the running server says of itself, without a warning."""
    folder = tmp_path_factory.mktemp("generated")
    (folder / "openapi.json").write_bytes(requests.get(f"{live.url}/api/openapi.json", timeout=30).content)
    (folder / "config.yaml").write_text("post_hooks: []\n")  # no formatting
    name = "downloads_app_generated"
    command = [Path(sys.executable).parent / "openapi-python-client", "generate", "--meta", "none", "--fail-on-warning"]
    command += ["--path", folder / "openapi.json", "--output-path", folder / name, "--config", folder / "config.yaml"]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    yield name
    sys.path.remove(str(folder))


def test_it_signs_in_adds_a_download_and_follows_it_to_its_end(live: LiveServer, generated: str) -> None:
    def module(path: str) -> Any:
        return importlib.import_module(f"{generated}.{path}")

    models = module("models")
    anonymous = module("client").Client(base_url=live.url)
    credentials = models.Login(username="alice", password=PASSWORD)
    with anonymous:
        tokens = module("api.auth.login").sync(client=anonymous, body=credentials)
    with module("client").AuthenticatedClient(base_url=live.url, token=tokens.access_token) as client:
        add_and_follow(live, module, client)


def add_and_follow(live: LiveServer, module: Callable[[str], Any], client: Any) -> None:
    models = module("models")
    wanted = models.NewDownload(provider="gated", repository="models/tiny", include=["*.bin"], priority=3)
    added = module("api.downloads.add_download").sync(client=client, body=wanted)
    assert (added.username, added.repository, added.priority) == ("alice", "models/tiny", 3)
    get_download = module("api.downloads.get_download")
    requests.get(live.release_url, timeout=30)
    deadline = time.monotonic() + WAIT_SECONDS
    while (shown := get_download.sync(added.id, client=client)).status in ("pending", "downloading"):
        assert time.monotonic() < deadline, shown
        time.sleep(0.1)
    assert (shown.status, shown.progress_data.files_completed) == ("completed", 1)
    (listed,) = module("api.downloads.list_download_files").sync(added.id, client=client)
    assert (listed.path, listed.completed_at is not None) == ("model.bin", True)
    refused = module("api.downloads.pause_download").sync(added.id, client=client)
    assert (refused.code, "completed" in refused.message) == (409, True)
