"""`POST /api/providers/test` and `…/{id}/test` with changes: a test before saving."""

from typing import Any

from flask.testing import FlaskClient

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Provider, User
from downloads_app.services.providers import catalog
from tests.conftest import bearer
from tests.support.file_server import FileServer

PROVIDERS = "/api/providers"


def a_body(url: str, **fields: Any) -> dict[str, Any]:
    return {"name": "draft", "kind": "http", "url": url, "allow_private_network": True, **fields}


def test_a_provider_is_asked_before_it_is_added(client: FlaskClient, admin: User, file_server: FileServer) -> None:
    body = a_body(file_server.url, token="hf_secret")
    answer = client.post(f"{PROVIDERS}/test", json=body, headers=bearer(admin))
    assert (answer.status_code, answer.json) == (200, {"ok": True})
    assert file_server.requests[-1].headers["authorization"] == "Bearer hf_secret"
    assert client.get(PROVIDERS, headers=bearer(admin)).json == []


def test_a_test_of_a_new_provider_says_what_is_wrong(client: FlaskClient, admin: User, file_server: FileServer) -> None:
    headers = bearer(admin)
    refused = client.post(f"{PROVIDERS}/test", json=a_body("ftp://x"), headers=headers)
    assert (refused.status_code, "url" in refused.json["errors"]) == (422, True)
    private = client.post(
        f"{PROVIDERS}/test", json=a_body(file_server.url, allow_private_network=False), headers=headers
    )
    assert (private.status_code, "private" in private.json["message"]) == (424, True)
    assert private.json["message"].count("--allow-private-network") == 1
    assert client.get(PROVIDERS, headers=headers).json == []


def test_changes_are_tried_with_what_is_stored_and_not_saved(
    client: FlaskClient, admin: User, file_server: FileServer
) -> None:
    provider = catalog.add_provider(
        current_settings(), "hub", "http", file_server.url, allow_private_network=True, token="hf_stored"
    )
    one = f"{PROVIDERS}/{provider.id}"
    assert client.post(f"{one}/test", json={"max_connections": 2}, headers=bearer(admin)).status_code == 200
    assert file_server.requests[-1].headers["authorization"] == "Bearer hf_stored"
    assert client.post(f"{one}/test", json={"token": "hf_other"}, headers=bearer(admin)).status_code == 200
    assert file_server.requests[-1].headers["authorization"] == "Bearer hf_other"
    db.session.expire_all()
    stored = db.session.get_one(Provider, provider.id)
    assert (stored.max_connections, catalog.access_of(current_settings(), stored).token) == (None, "hf_stored")


def test_a_test_does_not_show_a_stored_token_to_another_address(
    client: FlaskClient, admin: User, file_server: FileServer
) -> None:
    provider = catalog.add_provider(current_settings(), "hub", "http", "https://files.example/", token="hf_stored")
    body = {"url": file_server.url, "allow_private_network": True}
    assert client.post(f"{PROVIDERS}/{provider.id}/test", json=body, headers=bearer(admin)).status_code == 200
    assert "authorization" not in file_server.requests[-1].headers


def test_only_admins_test_new_providers(client: FlaskClient, alice: User, file_server: FileServer) -> None:
    answer = client.post(f"{PROVIDERS}/test", json=a_body(file_server.url), headers=bearer(alice))
    assert (answer.status_code, file_server.requests) == (403, [])
