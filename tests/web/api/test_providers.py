"""`/api/providers`: everybody reads, admins change, a token never comes back."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Provider, Status, User
from downloads_app.services.providers import catalog
from tests.conftest import bearer
from tests.support.file_server import FileServer
from tests.web.api.calling import NOBODYS_ID, add_download, add_provider, add_repository

PROVIDERS = "/api/providers"
BODY = {"name": "mirror", "kind": "http", "url": "https://files.example/", "token": "hf_secret"}


def test_an_admin_adds_changes_and_removes_a_provider(client: FlaskClient, admin: User) -> None:
    headers = bearer(admin)
    added = client.post(PROVIDERS, json=BODY, headers=headers)
    assert (added.status_code, added.json["has_token"]) == (201, True)
    one = f"{PROVIDERS}/{added.json['id']}"
    changed = client.patch(one, json={"max_connections": 3, "token": ""}, headers=headers)
    assert (changed.json["max_connections"], changed.json["has_token"]) == (3, False)
    assert client.delete(one, headers=headers).status_code == 204
    assert client.get(one, headers=headers).status_code == 404


@pytest.mark.parametrize("body", [{"max_connections": 3}, {"paused": True}])
def test_a_change_of_what_somebody_has_just_removed_is_404(
    client: FlaskClient, admin: User, monkeypatch: pytest.MonkeyPatch, body: dict[str, Any]
) -> None:
    provider = add_provider()
    find = catalog.get_provider

    def find_at_last(provider_id: str) -> Provider:
        found = find(provider_id)
        with db.engine.begin() as elsewhere:
            elsewhere.execute(delete(Provider))
        return found

    monkeypatch.setattr(catalog, "get_provider", find_at_last)
    assert client.patch(f"{PROVIDERS}/{provider.id}", json=body, headers=bearer(admin)).status_code == 404


def test_a_token_is_written_and_never_read_back(client: FlaskClient, admin: User) -> None:
    added = client.post(PROVIDERS, json={**BODY, "proxy_url": "http://user:pw@proxy:1"}, headers=bearer(admin))
    one = client.get(f"{PROVIDERS}/{added.json['id']}", headers=bearer(admin))
    listed = client.get(PROVIDERS, headers=bearer(admin))
    for answer in (added, one, listed):
        assert "hf_secret" not in answer.text
        assert "user:pw" not in answer.text
    stored = db.session.get_one(Provider, added.json["id"])
    assert "hf_secret" not in (stored.token_encrypted or "")
    assert catalog.access_of(current_settings(), stored).token == "hf_secret"


@pytest.mark.parametrize(
    ("change", "is_kept"),
    [
        ({"url": "https://files.example:8443/"}, False),
        ({"url": "https://files.example.evil/"}, False),
        ({"url": "http://files.example/"}, False),
        ({"proxy_url": "http://proxy.evil:3128"}, False),
        ({"ca_file": "/var/lib/downloads-app/downloads/mine.pem"}, False),
        ({"url": "https://FILES.example:443/elsewhere/", "max_connections": 2}, True),
        ({"proxy_url": "", "ca_file": None, "allow_private_network": True}, True),
        ({"url": "https://other.example/", "token": "hf_another"}, True),
    ],
)
def test_a_token_is_forgotten_when_somebody_else_would_get_it(
    client: FlaskClient, admin: User, change: dict[str, object], is_kept: bool
) -> None:
    added = client.post(PROVIDERS, json=BODY, headers=bearer(admin))
    changed = client.patch(f"{PROVIDERS}/{added.json['id']}", json=change, headers=bearer(admin))
    assert (changed.status_code, changed.json["has_token"]) == (200, is_kept)


def test_an_admin_cannot_read_a_stored_token_by_a_new_address(
    client: FlaskClient, admin: User, file_server: FileServer
) -> None:
    added = client.post(PROVIDERS, json=BODY, headers=bearer(admin))
    one = f"{PROVIDERS}/{added.json['id']}"
    client.patch(one, json={"url": file_server.url, "allow_private_network": True}, headers=bearer(admin))
    assert client.post(f"{one}/test", headers=bearer(admin)).status_code == 200
    assert file_server.requests
    assert not any("authorization" in request.headers for request in file_server.requests)


def test_every_secret_is_written_and_never_read_back(client: FlaskClient, admin: User) -> None:
    body = {key: value for key, value in BODY.items() if key != "token"}
    secrets = {"username": "me-myself", "password": "pass word", "header_name": "X-Key", "header_value": "one two"}
    hosts = {"kind": "s3", "allow_hosts": ["cdn.lan:8443"], "region": "eu-central-1"}
    added = client.post(PROVIDERS, json={**body, **secrets, **hosts}, headers=bearer(admin))
    assert (added.status_code, added.json["has_password"], added.json["has_header"]) == (201, True, True)
    assert (added.json["allow_hosts"], added.json["region"]) == (["cdn.lan:8443"], "eu-central-1")
    one = f"{PROVIDERS}/{added.json['id']}"
    for answer in (added, client.get(one, headers=bearer(admin)), client.get(PROVIDERS, headers=bearer(admin))):
        for secret in ("me-myself", "pass word", "one two"):
            assert secret not in answer.text
    access = catalog.access_of(current_settings(), db.session.get_one(Provider, added.json["id"]))
    assert (access.username, access.password, access.header_value) == ("me-myself", "pass word", "one two")
    changed = client.patch(one, json={"username": None, "password": None}, headers=bearer(admin))
    assert (changed.status_code, changed.json["has_password"], changed.json["has_header"]) == (200, False, True)


def test_a_list_of_addresses_is_written_and_never_read_back(client: FlaskClient, admin: User) -> None:
    body = {"name": "list", "kind": "urls", "address_list": "[a]\nhttps://files.example/x?signature=secret path=x"}
    added = client.post(PROVIDERS, json=body, headers=bearer(admin))
    assert (added.status_code, added.json["url"]) == (201, "")
    one = f"{PROVIDERS}/{added.json['id']}"
    assert "secret" not in added.text + client.get(one, headers=bearer(admin)).text
    changed = client.patch(one, json={"address_list": "https://files.example/y"}, headers=bearer(admin))
    assert changed.status_code == 200
    refused = client.patch(one, json={"address_list": "[a]\nsecret"}, headers=bearer(admin))
    assert (refused.status_code, "Line 2" in refused.text, "secret" in refused.text) == (422, True, False)
    stored = db.session.get_one(Provider, added.json["id"], populate_existing=True)
    assert catalog.access_of(current_settings(), stored).address_list == "https://files.example/y"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "http", "url": "https://x.example/"}, "address_list"),
        ({"address_list": ""}, "address_list"),
        ({"token": "secret"}, "url"),
        ({"kind": "http", "address_list": ""}, "url"),
    ],
)
def test_what_does_not_fit_the_kind_is_refused_by_field(
    client: FlaskClient, admin: User, change: dict[str, str], field: str
) -> None:
    body = {"name": "list", "kind": "urls", "address_list": "https://files.example/x"}
    refused = client.post(PROVIDERS, json={**body, **change}, headers=bearer(admin))
    assert (refused.status_code, list(refused.json["errors"])) == (422, [field])


def test_everybody_reads_providers(client: FlaskClient, alice: User) -> None:
    provider = add_provider("hub")
    listed = client.get(PROVIDERS, headers=bearer(alice))
    assert [row["name"] for row in listed.json] == ["hub"]
    assert client.get(f"{PROVIDERS}/{provider.id}", headers=bearer(alice)).json["name"] == "hub"


def test_where_an_authority_lies_on_the_server_is_told_to_admins_alone(
    client: FlaskClient, admin: User, alice: User
) -> None:
    one = f"{PROVIDERS}/{add_provider(ca_file='/etc/ssl/inner.pem').id}"
    seen = [client.get(path, headers=bearer(user)).text for user in (admin, alice) for path in (one, PROVIDERS)]
    assert ["inner.pem" in text for text in seen] == [True, True, False, False]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", PROVIDERS),
        ("PATCH", f"{PROVIDERS}/{{id}}"),
        ("DELETE", f"{PROVIDERS}/{{id}}"),
        ("POST", f"{PROVIDERS}/{{id}}/test"),
    ],
)
def test_only_admins_change_providers(client: FlaskClient, alice: User, method: str, path: str) -> None:
    path = path.format(id=add_provider().id)
    assert client.open(path, method=method, json={}).status_code == 401
    assert client.open(path, method=method, json={}, headers=bearer(alice)).status_code == 403


def test_reading_needs_a_token(client: FlaskClient) -> None:
    assert client.get(PROVIDERS).status_code == 401
    assert client.get(f"{PROVIDERS}/{NOBODYS_ID}").status_code == 401


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "../x"}, "name"),
        ({"kind": "ftp"}, "kind"),
        ({"url": "file:///etc"}, "url"),
        ({"url": "https://me:pw@files.example/"}, "url"),
        ({"max_connections": 0}, "max_connections"),
        ({"token": "", "password": "alone"}, "username"),
        ({"allow_hosts": ["http://h/"]}, "allow_hosts"),
        ({"header_name": "Host", "header_value": "x"}, "header_name"),
        ({"proxy_url": "http://user:pass-word@proxy:port"}, "proxy_url"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_unfit_providers_are_refused_by_field(
    client: FlaskClient, admin: User, change: dict[str, object], field: str
) -> None:
    refused = client.post(PROVIDERS, json={**BODY, **change}, headers=bearer(admin))
    assert refused.status_code == 422
    assert field in str(refused.json["errors"])
    assert "pass-word" not in refused.text


def test_a_taken_name_is_a_conflict(client: FlaskClient, admin: User) -> None:
    add_provider("mirror")
    assert client.post(PROVIDERS, json=BODY, headers=bearer(admin)).status_code == 409


def test_a_provider_in_use_stays(client: FlaskClient, admin: User, alice: User) -> None:
    provider = add_provider()
    add_download(alice, add_repository(provider), status=Status.PAUSED)
    refused = client.delete(f"{PROVIDERS}/{provider.id}", headers=bearer(admin))
    assert refused.status_code == 409


def test_providers_are_sorted_and_filtered(client: FlaskClient, alice: User) -> None:
    for name in ("b", "a", "c"):
        add_provider(name)
    names = [row["name"] for row in client.get(f"{PROVIDERS}?sort=-name", headers=bearer(alice)).json]
    assert names == ["c", "b", "a"]
    assert [row["name"] for row in client.get(f"{PROVIDERS}?name=b", headers=bearer(alice)).json] == ["b"]
    assert client.get(f"{PROVIDERS}?sort=token_encrypted", headers=bearer(alice)).status_code == 422
