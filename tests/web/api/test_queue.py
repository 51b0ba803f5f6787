"""`/api/queue` and the pause of a provider: everybody reads, admins change."""

from flask.testing import FlaskClient

from downloads_app.models import User
from tests.conftest import bearer
from tests.support.downloading import add_downloads, add_provider

QUEUE = "/api/queue"


def wait_reasons(client: FlaskClient, user: User) -> list[str | None]:
    return [row["wait_reason"] for row in client.get("/api/downloads", headers=bearer(user)).json]


def test_an_admin_pauses_the_queue_and_everybody_sees_it(client: FlaskClient, alice: User, admin: User) -> None:
    add_downloads(alice, add_provider(), "one")
    assert client.get(QUEUE, headers=bearer(alice)).json == {"paused_at": None}
    assert client.patch(QUEUE, json={"paused": True}, headers=bearer(alice)).status_code == 403
    assert wait_reasons(client, alice) == [None]
    paused = client.patch(QUEUE, json={"paused": True}, headers=bearer(admin))
    assert (paused.status_code, paused.json["paused_at"][-1]) == (200, "Z")
    assert client.get(QUEUE, headers=bearer(alice)).json == paused.json
    assert wait_reasons(client, alice) == ["the queue is paused"]
    assert client.patch(QUEUE, json={"paused": False}, headers=bearer(admin)).json == {"paused_at": None}
    assert wait_reasons(client, alice) == [None]


def test_an_admin_pauses_a_provider_beside_other_changes(client: FlaskClient, alice: User, admin: User) -> None:
    provider = add_provider()
    add_downloads(alice, provider, "one")
    one = f"/api/providers/{provider.id}"
    assert client.patch(one, json={"paused": True}, headers=bearer(alice)).status_code == 403
    changed = client.patch(one, json={"paused": True, "max_connections": 2}, headers=bearer(admin)).json
    assert (changed["paused_at"] is not None, changed["max_connections"]) == (True, 2)
    assert wait_reasons(client, alice) == ["its provider is paused"]
    refused = client.patch(one, json={"paused": False, "max_connections": 0}, headers=bearer(admin))
    assert refused.status_code == 422
    assert client.get(one, headers=bearer(alice)).json["paused_at"] == changed["paused_at"]
    assert client.patch(one, json={"paused": False}, headers=bearer(admin)).json["paused_at"] is None
    assert client.patch(one, json={"paused": "maybe"}, headers=bearer(admin)).status_code == 422
