"""`/api/repositories`: known ones, and what their provider lists now."""

import json

import pytest
from flask.testing import FlaskClient

from downloads_app.models import User
from tests.conftest import bearer
from tests.support.file_server import Fault, FileServer
from tests.web.api.calling import NOBODYS_ID, add_download, add_provider, add_repository, without_its_id

REPOSITORIES = "/api/repositories"
FILES = [{"path": f"part-{number}.bin", "size": number, "sha256": f"{number:064x}"} for number in range(5)]


@pytest.fixture
def file_server(file_server: FileServer) -> FileServer:
    """That server, with one repository."""
    file_server.put("org/model/manifest.json", json.dumps({"files": FILES}).encode())
    return file_server


def test_repositories_are_listed_filtered_and_searched(client: FlaskClient, alice: User) -> None:
    hub, mirror = add_provider("hub"), add_provider("mirror")
    rows = [add_repository(hub, "org/one"), add_repository(hub, "org/t_o"), add_repository(mirror, "org/two")]
    for row in rows:
        add_download(alice, row)
    headers = bearer(alice)

    def names(query: str) -> list[str]:
        return [row["name"] for row in client.get(f"{REPOSITORIES}?{query}", headers=headers).json]

    assert names("") == ["org/one", "org/t_o", "org/two"]
    assert names("sort=-name&page_size=1") == ["org/two"]
    assert names(f"provider_id={mirror.id}") == ["org/two"]
    assert names("search=T_O") == ["org/t_o"]
    assert names("name=org/two") == ["org/two"]
    assert names(f"id={rows[0].id}&id={rows[2].id}") == ["org/one", "org/two"]


def test_a_repository_is_shown(client: FlaskClient, alice: User) -> None:
    row = add_repository(add_provider())
    add_download(alice, row)
    shown = client.get(f"{REPOSITORIES}/{row.id}", headers=bearer(alice))
    assert shown.json["provider_id"] == row.provider_id
    assert set(shown.json or ()) == {"id", "provider_id", "name", "created_at"}


@pytest.mark.parametrize("path", ["", f"/{NOBODYS_ID}", f"/{NOBODYS_ID}/files"])
def test_reading_needs_a_token(client: FlaskClient, path: str) -> None:
    assert client.get(REPOSITORIES + path).status_code == 401


@pytest.mark.parametrize("path", [f"/{NOBODYS_ID}", f"/{NOBODYS_ID}/files", "/nonsense"])
def test_unknown_repositories_are_not_found(client: FlaskClient, alice: User, path: str) -> None:
    assert client.get(REPOSITORIES + path, headers=bearer(alice)).status_code == 404


def test_files_come_from_the_provider_page_by_page(client: FlaskClient, alice: User, file_server: FileServer) -> None:
    provider = add_provider(url=file_server.url, allow_private_network=True)
    repository = add_repository(provider)
    add_download(alice, repository)
    path = f"{REPOSITORIES}/{repository.id}/files"
    whole = client.get(path, headers=bearer(alice))
    assert [(row["path"], row["size_bytes"], row["sha256"]) for row in whole.json] == [
        (file["path"], file["size"], file["sha256"]) for file in FILES
    ]
    part = client.get(f"{path}?page=2&page_size=2", headers=bearer(alice))
    assert [row["path"] for row in part.json] == ["part-2.bin", "part-3.bin"]
    assert json.loads(part.headers["X-Pagination"])["total"] == 5


def test_a_provider_that_fails_is_a_failed_dependency(
    client: FlaskClient, alice: User, file_server: FileServer
) -> None:
    provider = add_provider(url=file_server.url, allow_private_network=True)
    none, model = add_repository(provider, "org/none"), add_repository(provider)
    for row in (none, model):
        add_download(alice, row)
    missing_path, locked_path = f"{REPOSITORIES}/{none.id}/files", f"{REPOSITORIES}/{model.id}/files"
    missing = client.get(missing_path, headers=bearer(alice))
    assert (missing.status_code, missing.json["code"]) == (424, 424)
    file_server.fail("org/model/manifest.json", *[Fault(status=401)] * 5)
    assert client.get(locked_path, headers=bearer(alice)).status_code == 424


def test_what_only_others_have_fetched_does_not_exist(
    client: FlaskClient, admin: User, alice: User, bob: User, file_server: FileServer
) -> None:
    provider = add_provider(url=file_server.url, allow_private_network=True)
    secret, shared = add_repository(provider, "org/secret"), add_repository(provider)
    add_download(bob, secret)
    for user in (alice, bob):
        add_download(user, shared)

    def names(user: User, query: str = "") -> list[str]:
        return [row["name"] for row in client.get(f"{REPOSITORIES}?{query}", headers=bearer(user)).json]

    assert names(alice) == names(alice, f"id={shared.id}&id={secret.id}") == ["org/model"]
    assert names(alice, "search=secret") == names(alice, "name=org/secret") == []
    assert names(bob) == names(admin) == ["org/model", "org/secret"]
    for path in ("", "/files"):
        refused = client.get(f"{REPOSITORIES}/{secret.id}{path}", headers=bearer(alice))
        nobodys = client.get(f"{REPOSITORIES}/{NOBODYS_ID}{path}", headers=bearer(alice))
        assert (refused.status_code, nobodys.status_code) == (404, 404)
        told = without_its_id(refused) | {"message": refused.get_json()["message"].replace(secret.id, NOBODYS_ID)}
        assert told == without_its_id(nobodys)
    assert client.get(f"{REPOSITORIES}/{secret.id}", headers=bearer(admin)).status_code == 200
