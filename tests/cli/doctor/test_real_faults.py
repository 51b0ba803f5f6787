"""The doctor on installations that are really broken: as a process of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Download, User, WorkerProcess
from downloads_app.services.database.clock import database_now
from downloads_app.services.providers import catalog
from downloads_app.services.queue import workers
from downloads_app.services.queue.workers import Presence
from tests.support.certificates import HOST, make_authority
from tests.support.downloading import WORKER, add_downloads, add_provider, claim
from tests.support.file_server import FileServer
from tests.support.server import PROJECT, environment, free_port
from tests.support.small_disk import small_disk
from tests.support.stick import disk_without_links
from tests.support.tunnel import Tunnel

PASSWORD = "let-me-out"


def examine(env: dict[str, str], *before: str) -> tuple[int, list[dict[str, Any]]]:
    """Run the doctor behind the words of another command; return its exit code and what it has found."""
    command = [*before, sys.executable, "-m", "flask", "--app", "wsgi", "doctor", "--json"]
    done = subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, text=True, timeout=120)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)["findings"]


def faults_of(findings: list[dict[str, Any]], part: str) -> str:
    """Return what is wrong with a part, and what to do about each fault."""
    wrong = [one for one in findings if one["part"] == part and one["state"] == "wrong"]
    assert all(one["advice"] for one in wrong)
    return "; ".join(f"{one['found']} → {one['advice']}" for one in wrong)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_each_fault_of_a_neglected_installation_is_told(
    app: Flask, alice: User, database_url: str, tmp_path: Path
) -> None:
    settings = current_settings()
    add_downloads(alice, add_provider(allow_private_network=True), "org/model")
    assert claim() is not None
    workers.tell(Presence(WORKER, 2))
    long_ago = database_now(-settings.lease_seconds - 5)
    db.session.execute(update(Download).values(lease_expires_at=long_ago))
    db.session.execute(update(WorkerProcess).values(last_seen_at=long_ago))
    db.session.commit()
    (settings.instance_dir / "provider-key").chmod(0o644)
    with small_disk(tmp_path / "failed", 1 << 20, is_read_only=True) as folder:
        env = environment(database_url, settings.instance_dir, downloads_dir=folder, jwt_secret_key="password" * 5)
        code, findings = examine(env, "prlimit", "--nofile=900:900")
    assert code == 1
    secrets = faults_of(findings, "secrets")
    assert "JWT_SECRET_KEY can be guessed" in secrets
    assert "provider-key can be read or changed by other users (mode 0644)" in secrets
    assert "password" * 5 not in json.dumps(findings)
    assert "cannot be written to: Read-only file system" in faults_of(findings, "folders")
    assert "ReadWritePaths=" in faults_of(findings, "folders")
    assert "1.0 MB of 1.0 MB are free" in faults_of(findings, "disk")
    assert "a process may open 900 files here" in faults_of(findings, "files")
    assert "LimitNOFILE=" in faults_of(findings, "files")
    assert "no worker is alive, so every download waits" in faults_of(findings, "workers")
    assert "1 download is held by a worker that is gone" in faults_of(findings, "leases")
    assert "hub does not answer" in faults_of(findings, "providers")


def test_a_machine_whose_clock_goes_wrong_is_told(postgres_url: str, tmp_path: Path) -> None:
    env = environment(postgres_url, tmp_path / "instance")
    assert faults_of(examine(env)[1], "clock") == ""
    code, findings = examine(env, "faketime", "-f", "+120s")
    assert code == 1
    assert "the database's clock is 120 s behind this machine's" in faults_of(findings, "clock")


def test_a_disk_without_links_is_told(sqlite_url: str, tmp_path: Path) -> None:
    with disk_without_links(tmp_path / "stick") as folder:
        env = environment(sqlite_url, tmp_path / "instance", downloads_dir=folder)
        assert "has no links" in faults_of(examine(env)[1], "folders")
        assert list(folder.iterdir()) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_stands_between_us_and_a_provider_is_told_apart(app: Flask, database_url: str, tmp_path: Path) -> None:
    ca_file, context = make_authority(tmp_path)
    with FileServer(context) as server, Tunnel(server.port, f"alice:{PASSWORD}") as tunnel:
        for name, proxy, authority in (
            ("well", f"alice:{PASSWORD}@{tunnel.address}", str(ca_file)),
            ("unknown-authority", f"alice:{PASSWORD}@{tunnel.address}", None),
            ("refused-by-proxy", f"alice:wrong@{tunnel.address}", str(ca_file)),
            ("no-proxy", f"127.0.0.1:{free_port()}", str(ca_file)),
        ):
            reach: dict[str, Any] = {"proxy_url": f"http://{proxy}", "ca_file": authority}
            catalog.add_provider(current_settings(), name, "http", f"https://{HOST}/", **reach)
        _, findings = examine(environment(database_url, current_settings().instance_dir))
    told = {one["found"].partition(" ")[0].rstrip(":"): one for one in findings if one["part"] == "providers"}
    assert told["well"]["found"] == "well answers through its proxy"
    for name in ("unknown-authority", "refused-by-proxy", "no-proxy"):
        assert told[name]["found"].startswith(f"{name} does not answer through its proxy: ")
        assert "proxy" in told[name]["advice"]
    assert "certificate" in told["unknown-authority"]["found"].lower()
    assert "407" in told["refused-by-proxy"]["found"]
    assert PASSWORD not in json.dumps(findings)
