"""What a command prints with `--json` is what REST answers an admin."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from downloads_app.config import current_settings
from downloads_app.models import Download, Provider, User
from downloads_app.services.queue import workers
from downloads_app.services.queue.workers import Presence
from tests.cli.conftest import Run
from tests.conftest import bearer
from tests.support.file_server import FileServer
from tests.support.publishing import provide, publish, queue_download


@pytest.fixture
def provider() -> Any:
    with FileServer() as server:
        publish(server, "org/model", {"a.bin": b"content", "b.bin": b"more"})
        yield provide(server, ca_file=None, max_connections=3)


@pytest.fixture
def download(alice: User, provider: Provider) -> Download:
    return queue_download(alice, provider, include=["*.bin"], priority=5)


def test_both_doors_show_the_same_documents(
    client: FlaskClient, run: Run, admin: User, alice: User, download: Download, provider: Provider
) -> None:
    def ask(path: str) -> Any:
        return client.get(f"/api/{path}", headers=bearer(admin)).get_json()

    def tell(*command: str) -> Any:
        return json.loads(run(*command, "--json"))

    workers.tell(Presence("host-1-aaaa", 2))
    assert tell("downloads", "show", download.id) == ask(f"downloads/{download.id}")
    assert tell("downloads", "list") == ask("downloads")
    assert tell("downloads", "show", download.id, "--events") == ask(f"downloads/{download.id}/events")
    assert tell("users", "list") == ask("users")
    assert tell("users", "usage", "alice") == [ask(f"usage?user_id={alice.id}")]
    assert tell("providers", "list") == ask("providers")
    assert tell("workers", "list") == ask("workers") != []
    wanted = {"provider": provider.name, "repository": "org/model", "include": ["*.bin"]}
    planned = client.post("/api/downloads/plan", json=wanted, headers=bearer(admin)).get_json()
    by_command = tell("downloads", "plan", provider.name, "org/model", "--user", admin.username, "--include", "*.bin")
    assert by_command | {"free_bytes": 0} == planned | {"free_bytes": 0}


def test_how_a_provider_is_reached_is_for_admins(
    client: FlaskClient, alice: User, admin: User, provider: Provider
) -> None:
    settings = ("ca_file", "has_proxy", "allow_private_network", "allow_hosts")
    for path in ("/api/providers", f"/api/providers/{provider.id}"):
        mine, all_of_it = (client.get(path, headers=bearer(user)).get_json() for user in (alice, admin))
        mine, all_of_it = (told[0] if isinstance(told, list) else told for told in (mine, all_of_it))
        assert [mine[name] for name in settings] == [None] * 4
        assert [all_of_it[name] for name in settings] == [None, False, True, []]
        assert {**all_of_it, **dict.fromkeys(settings)} == mine
    assert current_settings().downloads_dir.as_posix() not in json.dumps(mine)
