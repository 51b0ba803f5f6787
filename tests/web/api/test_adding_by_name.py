"""Downloads by names, for others; lists by text and time; what is not understood is refused."""

from flask.testing import FlaskClient

from downloads_app.config import current_settings
from downloads_app.models import User
from downloads_app.services.downloads import lifecycle
from tests.conftest import bearer
from tests.support.downloading import add_downloads, add_provider


def test_a_download_is_added_by_the_providers_name(client: FlaskClient, alice: User) -> None:
    provider = add_provider()
    body = {"provider": "hub", "repository": "org/model"}
    answer = client.post("/api/downloads", json=body, headers=bearer(alice))
    assert (answer.status_code, answer.json["provider_id"]) == (202, provider.id)
    missing = client.post("/api/downloads", json={**body, "provider": "other"}, headers=bearer(alice))
    assert missing.status_code == 404
    both = client.post("/api/downloads", json={**body, "provider_id": provider.id}, headers=bearer(alice))
    assert both.status_code == 422


def test_an_admin_adds_one_for_another_user_and_nobody_else_does(
    client: FlaskClient, alice: User, bob: User, admin: User
) -> None:
    add_provider()
    body = {"provider": "hub", "repository": "org/model", "username": "alice"}
    assert client.post("/api/downloads", json=body, headers=bearer(bob)).status_code == 403
    answer = client.post("/api/downloads", json=body, headers=bearer(admin))
    assert (answer.status_code, answer.json["user_id"]) == (202, alice.id)
    told = client.get(f"/api/downloads/{answer.json['id']}/events", headers=bearer(alice)).json
    assert [(one["event"], one["by"]) for one in told] == [("created", admin.username)]
    nobody = client.post("/api/downloads", json={**body, "username": "nobody"}, headers=bearer(admin))
    assert nobody.status_code == 404


def test_lists_are_narrowed_by_text_and_time(client: FlaskClient, alice: User) -> None:
    old, new = add_downloads(alice, add_provider(), "org/Llama_8b", "org/llama-8b")
    lifecycle.pause(current_settings(), new)
    between = new.updated_at.isoformat()

    def ids(**query: str) -> list[str]:
        answer = client.get("/api/downloads", query_string=query, headers=bearer(alice))
        assert answer.status_code == 200, answer.text
        return [row["id"] for row in answer.json]

    assert ids(search="LLAMA") == [new.id, old.id]
    assert ids(search="llama_") == [old.id]
    assert ids(since=between) == [new.id]
    assert ids(until=between) == [old.id]


def test_an_unknown_parameter_is_refused_and_a_page_is_not_one(client: FlaskClient, alice: User) -> None:
    assert client.get("/api/downloads?page=1&page_size=5", headers=bearer(alice)).status_code == 200
    answer = client.get("/api/downloads?stauts=failed", headers=bearer(alice))
    assert answer.status_code == 422
    assert "stauts" in answer.text


def test_a_form_is_refused_where_json_is_expected(client: FlaskClient, alice: User) -> None:
    answer = client.post("/api/auth/login", data={"username": "alice", "password": "x"})
    assert (answer.status_code, answer.json["code"]) == (415, 415)
    assert "application/json" in answer.json["message"]
