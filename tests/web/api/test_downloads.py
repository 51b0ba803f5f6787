"""`/api/downloads`: what each route answers its owner, another user, an admin and nobody."""

import json

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from downloads_app.extensions import db
from downloads_app.models import Download, Repository, Status, User
from downloads_app.services.downloads.representation import encode, values_of
from tests.conftest import bearer
from tests.support.downloading import folder_of
from tests.web.api.calling import NOBODYS_ID, add_download, add_provider, add_repository, without_its_id

DOWNLOADS = "/api/downloads"
STREAM_KEYS = [
    "id",
    "user_id",
    "provider_id",
    "repository_id",
    "status",
    "progress_data",
    "started_at",
    "created_at",
    "updated_at",
]
FURTHER_KEYS = [
    "repository",
    "provider",
    "username",
    "error_message",
    "wait_reason",
    "next_attempt_at",
    "completed_at",
    "revision",
    "commit",
    "include",
    "exclude",
    "priority",
    "attempt",
    "path",
]


def test_a_download_is_what_the_stream_says_and_more(client: FlaskClient, alice: User, download: Download) -> None:
    shown = client.get(f"{DOWNLOADS}/{download.id}", headers=bearer(alice))
    assert list(shown.json or ()) == STREAM_KEYS + FURTHER_KEYS
    streamed = json.loads(encode(values_of(db.session.get_one(Download, download.id))))
    assert {key: shown.json[key] for key in STREAM_KEYS} == streamed
    assert shown.json["created_at"] == "2024-01-01T12:30:15Z"


def test_where_files_lie_on_the_server_is_told_to_admins_alone(
    client: FlaskClient, alice: User, admin: User, download: Download
) -> None:
    whole, below = str(folder_of(download)), f"alice/hub/{download.repository.name}/main"
    for path in (DOWNLOADS, f"{DOWNLOADS}/{download.id}"):
        mine, theirs = (client.get(path, headers=bearer(user)) for user in (alice, admin))
        assert f'"path": "{below}"' in mine.text or f'"path":"{below}"' in mine.text
        assert whole not in mine.text
        assert whole in theirs.text


def test_what_is_unknown_is_null(client: FlaskClient, alice: User, repository: Repository) -> None:
    download = add_download(alice, repository)
    shown = client.get(f"{DOWNLOADS}/{download.id}", headers=bearer(alice)).json
    assert shown["started_at"] is None
    for key in ("total_bytes", "total_files", "current_file", "eta_seconds"):
        assert shown["progress_data"][key] is None


ROUTES = [
    ("GET", "", None, 200),
    ("PATCH", "", {"priority": 5}, 200),
    ("GET", "/files", None, 200),
    ("GET", "/files/model.gguf", None, 404),
    ("POST", "/pause", None, 200),
    ("POST", "/cancel", None, 200),
    ("POST", "/resume", None, 409),
    ("POST", "/retry", None, 409),
    ("DELETE", "", None, 409),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), ROUTES)
def test_each_route_serves_owner_and_admin_and_hides_from_others(
    client: FlaskClient,
    alice: User,
    bob: User,
    admin: User,
    download: Download,
    method: str,
    path: str,
    body: dict[str, int] | None,
    status: int,
) -> None:
    def ask(download_id: str, headers: dict[str, str]) -> TestResponse:
        return client.open(f"{DOWNLOADS}/{download_id}{path}", method=method, json=body, headers=headers)

    assert ask(download.id, {}).status_code == 401
    hidden, absent = (ask(wanted, bearer(bob)) for wanted in (download.id, NOBODYS_ID))
    assert hidden.status_code == absent.status_code == 404
    told = without_its_id(hidden) | {"message": hidden.get_json()["message"].replace(download.id, NOBODYS_ID)}
    assert told == without_its_id(absent)
    for user in (alice, admin):
        download.status = Status.DOWNLOADING
        db.session.commit()
        assert ask(download.id, bearer(user)).status_code == status


def test_a_list_holds_only_what_the_caller_may_see(
    client: FlaskClient, alice: User, bob: User, admin: User, repository: Repository
) -> None:
    mine, theirs = add_download(alice, repository), add_download(bob, repository)

    def listed(user: User, query: str = "") -> set[str]:
        return {row["id"] for row in client.get(DOWNLOADS + query, headers=bearer(user)).json}

    assert listed(alice) == {mine.id}
    assert listed(alice, f"?user_id={bob.id}") == set()
    assert listed(alice, f"?id={theirs.id}") == set()
    assert listed(admin) == {mine.id, theirs.id}
    assert listed(admin, f"?user_id={bob.id}") == {theirs.id}
    assert client.get(DOWNLOADS).status_code == 401


def test_a_list_is_filtered_sorted_and_paged(client: FlaskClient, alice: User, repository: Repository) -> None:
    other = add_repository(add_provider("mirror"), "org/other")
    for number, status in enumerate(Status):
        add_download(alice, repository, status=status, priority=number, revision=f"r{number}")
    add_download(alice, other, status=Status.COMPLETED, priority=9)

    def statuses(query: str) -> list[str]:
        return [row["status"] for row in client.get(f"{DOWNLOADS}?{query}", headers=bearer(alice)).json]

    assert statuses("status=active&sort=priority") == ["pending", "downloading"]
    assert statuses("status=failed&status=paused&sort=-priority") == ["failed", "paused"]
    assert statuses(f"repository_id={other.id}") == statuses(f"provider_id={other.provider_id}") == ["completed"]
    assert statuses("sort=-priority&page=2&page_size=3") == ["completed", "paused", "downloading"]
    paged = client.get(f"{DOWNLOADS}?page_size=3", headers=bearer(alice))
    assert json.loads(paged.headers["X-Pagination"])["total"] == 7
    assert client.get(f"{DOWNLOADS}?sort=user_id", headers=bearer(alice)).status_code == 422
    assert client.get(f"{DOWNLOADS}?status=asleep", headers=bearer(alice)).status_code == 422


def test_every_resource_is_in_the_openapi_document(client: FlaskClient) -> None:
    described = client.get("/api/openapi.json").json
    assert described["openapi"].startswith("3.1")
    paths = {f"{DOWNLOADS}{rest}" for rest in ("", "/{download_id}", "/{download_id}/pause", "/{download_id}/files")}
    assert paths <= set(described["paths"])
