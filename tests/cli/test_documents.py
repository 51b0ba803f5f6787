"""What a command prints with `--json` is what REST answers an admin."""

import json
from collections.abc import Callable
from typing import Any

import click
import pytest
from flask import Flask
from flask.testing import FlaskClient

from downloads_app.config import current_settings
from downloads_app.models import Download, Provider, User
from downloads_app.services.accounts import keys
from downloads_app.services.audit import COMMAND_LINE
from downloads_app.services.queue import pauses, workers
from downloads_app.services.queue.workers import Presence
from tests.cli.conftest import Run
from tests.cli.test_helpful import all_commands
from tests.conftest import bearer
from tests.support.downloading import WORKER, claim
from tests.support.file_server import FileServer
from tests.support.publishing import provide, publish, queue_download

SAME = {
    "audit": "audit",
    "downloads list": "downloads",
    "downloads list --status pending --user alice": "downloads?status=pending&user_id={alice.id}",
    "downloads show {download.id}": "downloads/{download.id}",
    "downloads show {download.id} --events": "downloads/{download.id}/events",
    "downloads top": "downloads?status=downloading",
    "keys list --user root-admin": "keys",
    "providers list": "providers",
    "providers show local": "providers/{download.provider_id}",
    "queue show": "queue",
    "users list": "users",
    "workers list": "workers",
}
"""Commands, and where REST answers the same to an admin."""
ELSEWHERE = {
    "downloads plan": "a POST, compared below",
    "downloads stuck": "downloads, and why each does not move: compared below",
    "users usage": "of one user in REST, of all here: compared below",
    "doctor": "looks at the machine that it runs on",
    "downloads verify": "reads the disk for hours",
    "users identities": "no document of REST",
}


@pytest.fixture
def provider() -> Any:
    with FileServer() as server:
        publish(server, "org/model", {"a.bin": b"content", "b.bin": b"more"})
        yield provide(server, ca_file=None, max_connections=3)


@pytest.fixture
def download(alice: User, provider: Provider) -> Download:
    """A download that runs; another one waits in a paused queue, and a worker is alive."""
    row = queue_download(alice, provider, include=["*.bin"], priority=5)
    assert claim() is not None
    queue_download(alice, provider, "org/waits")
    workers.tell(Presence(WORKER, 2))
    pauses.set_queue_paused(True)
    return row


@pytest.fixture
def ask(client: FlaskClient, admin: User) -> Callable[[str], Any]:
    """Ask REST as an admin."""
    return lambda path: client.get(f"/api/{path}", headers=bearer(admin)).get_json()


@pytest.fixture
def tell(run: Run) -> Callable[..., Any]:
    """Run a command with `--json`."""
    return lambda *command: json.loads(run(*command, "--json"))


def test_both_doors_show_the_same_documents(
    ask: Callable[[str], Any], tell: Callable[..., Any], admin: User, alice: User, download: Download
) -> None:
    keys.create_key(admin.id, "program", keys.SCOPES, None, by=COMMAND_LINE)
    for command, path in SAME.items():
        names = {"alice": alice, "download": download}
        told = tell(*command.format(**names).split())
        assert told == ask(path.format(**names)), command
        assert told, command
    assert tell("users", "usage", "alice") == [ask(f"usage?user_id={alice.id}")]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_document_of_a_command_is_compared_or_has_a_reason_not_to_be(app: Flask) -> None:
    def has_json(command: click.Command) -> bool:
        return any("--json" in option.opts for option in command.params)

    with_json = {name for name, command in all_commands(app) if has_json(command)}
    compared = {name for name in with_json for command in SAME if command == name or command.startswith(f"{name} ")}
    assert with_json - compared == set(ELSEWHERE)


def test_what_is_stuck_is_rests_download_and_why(
    ask: Callable[[str], Any], tell: Callable[..., Any], download: Download
) -> None:
    (told,) = tell("downloads", "stuck")
    why = {name: told.pop(name) for name in ("reason", "since", "advice")}
    assert [told] == ask("downloads?status=pending")
    assert why["reason"] == told["wait_reason"]


def test_a_plan_is_the_same_by_command_and_over_rest(
    client: FlaskClient, tell: Callable[..., Any], admin: User, provider: Provider
) -> None:
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
