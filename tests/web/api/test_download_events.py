"""`GET /api/downloads/<id>/events`: what has happened to a download, for its owner and admins."""

import json
from collections.abc import Callable

from flask.testing import FlaskClient

from downloads_app.models import User
from tests.conftest import bearer
from tests.support.downloading import add_provider, claim


def add(client: FlaskClient, user: User) -> str:
    provider = add_provider()
    body = {"provider_id": provider.id, "repository": "org/model"}
    return str(client.post("/api/downloads", json=body, headers=bearer(user)).json["id"])


def test_a_story_is_told_newest_first_with_names(client: FlaskClient, alice: User, admin: User) -> None:
    download_id = add(client, alice)
    assert claim("host-1-aaaa") is not None
    client.post(f"/api/downloads/{download_id}/pause", headers=bearer(admin))
    client.patch(f"/api/downloads/{download_id}", json={"priority": 3}, headers=bearer(alice))
    answer = client.get(f"/api/downloads/{download_id}/events", headers=bearer(alice))
    assert answer.status_code == 200
    assert [(row["event"], row["by"]) for row in answer.json] == [
        ("priority", "alice"),
        ("paused", admin.username),
        ("claimed", "host-1-aaaa"),
        ("created", "alice"),
    ]
    assert list(answer.json[0]) == ["at", "event", "by", "reason", "until", "attempt", "current_bytes"]
    assert answer.json[0]["at"].endswith("Z")


def test_a_story_is_paged(client: FlaskClient, alice: User) -> None:
    download_id = add(client, alice)
    for priority in range(4):
        client.patch(f"/api/downloads/{download_id}", json={"priority": priority}, headers=bearer(alice))
    answer = client.get(f"/api/downloads/{download_id}/events?page=2&page_size=2", headers=bearer(alice))
    assert [row["reason"] for row in answer.json] == ["1", "0"]
    assert json.loads(answer.headers["X-Pagination"])["total"] == 5


def test_nobody_else_reads_a_story(client: FlaskClient, alice: User, bob: User, make_user: Callable[..., User]) -> None:
    address = f"/api/downloads/{add(client, alice)}/events"
    assert client.get(address).status_code == 401
    assert client.get(address, headers=bearer(bob)).status_code == 404
    assert client.get(address, headers=bearer(make_user("boss", True))).status_code == 200
