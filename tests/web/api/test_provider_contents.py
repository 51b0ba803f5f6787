"""`/api/providers/<id>/search` and `/files`: what a provider has, asked of a real hub, and no row made."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Provider, Repository, User
from downloads_app.services.providers import catalog
from tests.conftest import bearer
from tests.support.hub import Hub
from tests.web.api.calling import add_provider

FILES = {"config.json": b"{}", "model.gguf": b"GGUF" + bytes(3000)}


@pytest.fixture
def provider(app: object, tmp_path: Path) -> Iterator[Provider]:
    """A hub on loopback with two repositories."""
    folder = tmp_path / "models"
    folder.mkdir()
    for path, content in FILES.items():
        (folder / path).write_bytes(content)
    with Hub() as hub:
        hub.add("org/nimbus-7b", folder)
        hub.add("org/other", folder)
        yield catalog.add_provider(current_settings(), "models", "huggingface", hub.url, allow_private_network=True)


def test_a_hub_is_searched(client: FlaskClient, alice: User, provider: Provider) -> None:
    answer = client.get(f"/api/providers/{provider.id}/search?q=nimbus", headers=bearer(alice))
    assert answer.status_code == 200, answer.text
    assert answer.json == [
        {
            "name": "org/nimbus-7b",
            "downloads": 0,
            "likes": 0,
            "updated_at": "2024-01-01T00:00:00Z",
            "gated": False,
            "licence": "apache-2.0",
        }
    ]
    assert client.get(f"/api/providers/{provider.id}", headers=bearer(alice)).json["can_search"] is True


def test_a_folder_has_no_search_and_says_so(client: FlaskClient, alice: User, app: object) -> None:
    folder = add_provider()
    answer = client.get(f"/api/providers/{folder.id}/search?q=x", headers=bearer(alice))
    assert (answer.status_code, answer.json["message"]) == (
        422,
        "A provider of kind http has no search; give the repository's name",
    )
    assert client.get(f"/api/providers/{folder.id}", headers=bearer(alice)).json["can_search"] is False


def test_a_list_of_addresses_is_searched_and_listed_without_its_addresses(
    client: FlaskClient, alice: User, app: object
) -> None:
    text = f"[llama/8b]\nhttps://h/x?signature=secret size=3 sha256={'ab' * 32} path=y\n[other]\nhttps://h/z"
    added = catalog.add_provider(current_settings(), "list", "urls", address_list=text)
    found = client.get(f"/api/providers/{added.id}/search?q=LLAMA", headers=bearer(alice))
    assert [row["name"] for row in found.json] == ["llama/8b"]
    files = client.get(f"/api/providers/{added.id}/files?repository=llama/8b", headers=bearer(alice))
    assert files.json == [{"path": "y", "size_bytes": 3, "sha256": "ab" * 32, "md5": None, "git_sha1": None}]


@pytest.mark.parametrize("query", ["", "?q=", "?q=" + "x" * 101])
def test_a_search_needs_a_text_and_nothing_else(
    client: FlaskClient, alice: User, provider: Provider, query: str
) -> None:
    assert client.get(f"/api/providers/{provider.id}/search{query}", headers=bearer(alice)).status_code == 422


def test_a_repositorys_files_are_listed_and_no_row_is_made(
    client: FlaskClient, alice: User, provider: Provider
) -> None:
    url = f"/api/providers/{provider.id}/files?repository=org/nimbus-7b&page_size=1"
    pages = [client.get(f"{url}&page={page}", headers=bearer(alice)).json for page in (1, 2)]
    assert {file["path"]: file["size_bytes"] for page in pages for file in page} == {
        path: len(content) for path, content in FILES.items()
    }
    missing = client.get(f"/api/providers/{provider.id}/files?repository=org/nothing", headers=bearer(alice))
    assert missing.status_code == 424
    assert db.session.scalar(select(func.count()).select_from(Repository)) == 0
