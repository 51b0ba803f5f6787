"""`/api/workers`, what `/readyz` says of workers, and `/api/usage`."""

from pathlib import Path

from flask.testing import FlaskClient

from downloads_app.config import current_settings
from downloads_app.models import User
from downloads_app.services.queue import workers
from downloads_app.services.queue.workers import Presence
from tests.conftest import bearer
from tests.support.downloading import WORKER, add_downloads, add_provider, claim
from tests.web.api.calling import NOBODYS_ID


def test_admins_see_which_worker_holds_which_download(client: FlaskClient, alice: User, admin: User) -> None:
    workers.tell(Presence(WORKER, 2))
    row = add_downloads(alice, add_provider(), "org/model")[0]
    assert claim(WORKER) is not None
    assert client.get("/api/workers", headers=bearer(alice)).status_code == 403
    told = client.get("/api/workers", headers=bearer(admin)).json[0]
    assert (told["id"], told["alive"], told["concurrency"]) == (WORKER, True, 2)
    assert told["downloads"] == [{"id": row.id, "repository": "org/model", "username": "alice"}]
    assert told["last_seen_at"].endswith("Z")
    assert client.get("/api/workers?page=2", headers=bearer(admin)).json == []


def test_readiness_tells_whether_a_worker_is_alive(client: FlaskClient) -> None:
    assert client.get("/readyz").json == {"status": "ok", "worker_alive": False}
    workers.tell(Presence(WORKER, 2))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["worker_alive"]) == (200, True)


def store(user: User, size: int) -> None:
    file: Path = current_settings().downloads_dir / user.username / "hub" / "model.bin"
    file.parent.mkdir(parents=True)
    file.write_bytes(bytes(size))


def test_usage_tells_ones_own_and_an_admin_anybodys(client: FlaskClient, alice: User, bob: User, admin: User) -> None:
    store(alice, 1234)
    add_downloads(alice, add_provider(), "one", "two", "three")
    expected = {"username": "alice", "used_bytes": 1234, "quota_bytes": None, "active_downloads": 3}
    own = f"/api/usage?user_id={alice.id}"
    assert client.get("/api/usage", headers=bearer(alice)).json == expected
    assert client.get(own, headers=bearer(alice)).json == expected
    assert client.get(own, headers=bearer(admin)).json == expected
    assert client.get(own, headers=bearer(bob)).status_code == 404
    assert client.get("/api/usage", headers=bearer(bob)).json["used_bytes"] == 0
    assert client.get(f"/api/usage?user_id={NOBODYS_ID}", headers=bearer(admin)).status_code == 404
    assert client.get("/api/usage").status_code == 401
