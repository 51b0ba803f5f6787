"""Tokens and signed addresses stay in memory: in no row, log line, file or process list does a download show them."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from flask import Flask

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Provider, Status, User
from downloads_app.services.files.partials import find_partials
from downloads_app.services.providers import catalog
from tests.support.downloading import folder_of, reload
from tests.support.hub import Hub
from tests.support.publishing import queue_download
from tests.support.server import PROJECT, environment, flask, wait_until
from tests.worker.running import make_job, run_to_failure, running

TOKEN = "hf_ThisIsTheSecretToken"
SIZES = {"config.json": b"{}", "model.safetensors": bytes(range(256)) * 4000}


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A hub with a gated repository, whose large file comes by a signed address."""
    for name, content in SIZES.items():
        path = tmp_path / "source" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    with Hub() as running_hub:
        running_hub.tokens |= {TOKEN: {"org/gated"}}
        running_hub.add("org/gated", tmp_path / "source", gated=True)
        yield running_hub


def everything_stored() -> str:
    """Return all that stands in the database, as text."""
    db.session.rollback()
    tables = [table for table in db.metadata.sorted_tables if table.name != "users"]
    return "\n".join(str(tuple(row)) for table in tables for row in db.session.execute(db.select(table)))


def test_no_row_no_log_line_and_no_side_file_holds_a_token_or_a_signature(
    app: Flask, alice: User, hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    provider = catalog.add_provider(
        current_settings(), "hub", "huggingface", hub.url, allow_private_network=True, token=TOKEN
    )
    row = queue_download(alice, provider, "org/gated")
    hub.bytes_per_second = 100_000
    with running(make_job(app)) as thread:
        wait_until(lambda: hub.cdn_requests and reload(row).current_bytes > 300_000, what="bytes of the signed address")
        kept = [path.read_bytes() for path in find_partials(folder_of(reload(row))).glob("*.json")]
        while_under_way = everything_stored()
        hub.bytes_per_second = None
        thread.join(60)
    assert reload(row).status == Status.COMPLETED, reload(row).error_message
    queue_download(alice, provider, "org/missing")
    reason = run_to_failure(app)
    assert any("Signature=" in path for path, _ in hub.cdn_requests), "nothing was signed: this test proves nothing"
    assert kept, "no side-file: this test proves less than it says"
    seen = "\n".join([while_under_way, everything_stored(), caplog.text, reason, *map(bytes.decode, kept)])
    assert TOKEN not in seen
    assert "Signature=" not in seen


def test_no_process_of_a_worker_shows_a_token_or_a_signature(
    app: Flask, alice: User, hub: Hub, database_url: str, tmp_path: Path
) -> None:
    env = environment(database_url, tmp_path / "instance")
    options = ["providers", "add", "hub", "--kind", "huggingface", "--url", hub.url, "--allow-private-network"]
    added = flask(env, *options, "--token-stdin", stdin=f"{TOKEN}\n")
    assert added.returncode == 0, added.stderr
    provider = db.session.scalars(db.select(Provider).where(Provider.name == "hub")).one()
    queue_download(alice, provider, "org/gated")
    hub.bytes_per_second = 100_000
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "downloads", "worker"]
    worker = subprocess.Popen(command, cwd=PROJECT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: hub.cdn_requests, what="the signed address to be used")
        shown = _shown_by(psutil.Process(worker.pid))
    finally:
        worker.kill()
        worker.wait(30)
    assert "downloads worker" in shown, "the worker was not seen: this test proves nothing"
    assert TOKEN not in shown
    assert "Signature=" not in shown


def _shown_by(worker: psutil.Process) -> str:
    """Return the command lines and environments of a worker and of all that it started (others' say nothing of it)."""
    processes = [worker, *worker.children(recursive=True)]
    return "\n".join(" ".join([*process.cmdline(), *process.environ().values()]) for process in processes)
