"""What commands print with `--json` is what docs/commands.schema.json says, and all that have `--json` stand there."""

import json
from typing import Any

import click
import jsonschema
import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

from downloads_app.models import User
from downloads_app.services.accounts import identities, keys
from downloads_app.services.audit import COMMAND_LINE
from downloads_app.services.queue import outcomes, pauses, workers
from downloads_app.services.queue.workers import Presence
from tests.cli.test_helpful import all_commands
from tests.support.downloading import WORKER, add_downloads, add_provider, claim, reload
from tests.support.file_server import FileServer
from tests.support.publishing import provide, publish, queue_download
from tests.support.server import PROJECT
from tests.worker.running import run as run_job

SCHEMA = json.loads((PROJECT / "docs" / "commands.schema.json").read_text())
SHARED = ("download", "provider")
"""Things that several commands print."""


@pytest.fixture
def busy(app: Flask, alice: User) -> str:
    """An installation with something in every list; the id of a completed download."""
    with FileServer() as server:
        publish(server, "org/model", {"a.bin": b"x" * 5000})
        done = queue_download(alice, provide(server))
        run_job(app)
    provider = add_provider()
    add_downloads(alice, provider, "org/waits", "org/failed", include=["*.gguf"])
    found = claim()
    assert found is not None
    outcomes.wait(found, "Not enough disk: 5 bytes are needed", 60)
    add_downloads(alice, provider, "org/runs")
    assert claim() is not None
    workers.tell(Presence(WORKER, 2))
    pauses.set_queue_paused(True)
    keys.create_key(alice.id, "program", keys.SCOPES, None, by=COMMAND_LINE)
    identities.link(alice, "https://id.example.org", "248289761001")
    return str(reload(done).id)


def shown(runner: FlaskCliRunner, *arguments: str) -> Any:
    done = runner.invoke(args=[*arguments, "--json"])
    assert done.exit_code in (0, 1), done.output
    return json.loads(done.stdout)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_document_is_as_the_schema_says(runner: FlaskCliRunner, busy: str) -> None:
    arguments = {
        "users identities": ["alice"],
        "downloads show": [busy],
        "downloads show --events": [busy],
        "providers show": ["local"],
    }
    for name in SCHEMA["$defs"]:
        if name in (*SHARED, "downloads plan"):
            continue
        document = shown(runner, *name.split(), *arguments.get(name, []))
        assert document, name
        jsonschema.validate(document, SCHEMA | {"$ref": f"#/$defs/{name}"})


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_plan_is_as_the_schema_says(runner: FlaskCliRunner, alice: User) -> None:
    with FileServer() as server:
        publish(server, "org/model", {"a.bin": b"x" * 5000})
        provide(server)
        plan = shown(runner, "downloads", "plan", "local", "org/model", "--user", "alice")
    jsonschema.validate(plan, SCHEMA | {"$ref": "#/$defs/downloads plan"})


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_command_with_json_has_a_schema(app: Flask) -> None:
    def has_json(command: click.Command) -> bool:
        return any("--json" in option.opts for option in command.params)

    with_json = {name for name, command in all_commands(app) if has_json(command)}
    assert with_json == set(SCHEMA["$defs"]) - {*SHARED, "downloads show --events"}
