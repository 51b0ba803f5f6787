"""Under the real server a provider that takes its time holds up nobody else."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from downloads_app import create_app
from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.services.accounts import users
from downloads_app.web import shares, upstream
from tests.conftest import bearer
from tests.support.file_server import Fault, FileServer
from tests.support.hub import Hub
from tests.support.server import Server, wait_until

LISTING = {"files": [{"path": "model.bin", "size": 3}]}


@pytest.fixture
def server(sqlite_url: str, tmp_path: Path) -> Iterator[Server]:
    """gunicorn with one gevent worker."""
    running = Server(sqlite_url, tmp_path / "instance")
    running.start()
    yield running
    running.stop()


def sign_in_many(url: str, instance: Path, amount: int) -> list[dict[str, str]]:
    """Create users, the first one an admin; return the headers that sign them in."""
    app = create_app(database_url=url, instance_dir=instance)
    with app.app_context():
        made = [
            users.add_user(current_settings().downloads_dir, f"user{number}", "no hash", is_admin=number == 0)
            for number in range(amount)
        ]
        headers = [bearer(user) for user in made]
        db.session.remove()
        db.engine.dispose()
    return headers


def test_slow_providers_hold_up_nobody_and_are_few_at_once(server: Server, sqlite_url: str, tmp_path: Path) -> None:
    each = shares.QUESTIONS_PER_USER
    crowd = upstream.MAX_AT_ONCE // each
    everybody = sign_in_many(sqlite_url, tmp_path / "instance", crowd + 1)
    release = threading.Event()
    with FileServer() as files, ThreadPoolExecutor(upstream.MAX_AT_ONCE) as threads:
        files.put("org/model/manifest.json", json.dumps(LISTING).encode())
        files.fail(
            "org/model/manifest.json",
            *[Fault(before=lambda: release.wait(60) and None)] * upstream.MAX_AT_ONCE,
        )
        body = {"name": "hub", "kind": "http", "url": files.url, "allow_private_network": True}
        added = requests.post(f"{server.url}/api/providers", json=body, headers=everybody[0], timeout=30)
        wanted = {"provider_id": added.json()["id"], "repository": "org/model"}

        def plan(headers: dict[str, str]) -> requests.Response:
            return requests.post(f"{server.url}/api/downloads/plan", json=wanted, headers=headers, timeout=60)

        def check_refused(headers: dict[str, str], why: str) -> None:
            refused = plan(headers)
            assert (refused.status_code, refused.json()["code"]) == (429, 429)
            assert why in refused.json()["message"]
            assert int(refused.headers["Retry-After"]) > 0

        waiting = [threads.submit(plan, everybody[0]) for _ in range(each)]
        try:
            wait_until(lambda: len(files.requests) == each, what="the first user's to wait upstream")
            check_refused(everybody[0], "of yours")
            waiting += [threads.submit(plan, headers) for headers in everybody[1:crowd] for _ in range(each)]
            wait_until(lambda: len(files.requests) == upstream.MAX_AT_ONCE, what="all to wait upstream")
            assert requests.get(f"{server.url}/healthz", timeout=30).status_code == 200
            assert requests.get(f"{server.url}/api/auth/me", headers=everybody[0], timeout=30).status_code == 200
            check_refused(everybody[crowd], "Too many requests wait")
        finally:
            release.set()
        for answer in waiting:
            assert answer.result().status_code == 200, answer.result().text
            assert answer.result().json()["total_bytes"] == 3
        assert plan(everybody[0]).status_code == 200
    assert server.stop() == 0


def test_a_hub_is_listed_from_many_requests_at_once(server: Server, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "model.bin").write_bytes(b"GGUF")
    server.flask("users", "create", "root", "--admin", "--password-stdin", stdin="correct horse battery\n")
    bearer = {"Authorization": f"Bearer {server.flask('users', 'token', 'root').strip()}"}
    with Hub() as hub, ThreadPoolExecutor(shares.QUESTIONS_PER_USER) as threads:
        hub.add("org/model", tmp_path / "files")
        body = {"name": "hub", "kind": "huggingface", "url": hub.url, "allow_private_network": True}
        added = requests.post(f"{server.url}/api/providers", json=body, headers=bearer, timeout=30).json()
        wanted = {"provider_id": added["id"], "repository": "org/model"}

        def plan(_number: int) -> requests.Response:
            return requests.post(f"{server.url}/api/downloads/plan", json=wanted, headers=bearer, timeout=60)

        for answer in threads.map(plan, range(shares.QUESTIONS_PER_USER)):
            assert answer.status_code == 200, answer.text
            assert [file["path"] for file in answer.json()["files"]] == ["model.bin"]
            assert len(answer.json()["commit"]) == 40
