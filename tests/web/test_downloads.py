"""`/api/downloads`: what each route answers its owner, another user, an admin and nobody."""

import json
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from downloads_app.extensions import db
from downloads_app.models import Download, Repository, Status, User
from downloads_app.web.sse import encode_download, values_of
from tests.conftest import bearer
from tests.web.rest import NOBODYS_ID, add_download, add_provider, add_repository

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
    "error_message",
    "wait_reason",
    "completed_at",
    "revision",
    "commit",
    "priority",
    "attempt",
    "path",
]
MOMENT = datetime(2024, 1, 1, 12, 30, 15, 987_654, tzinfo=UTC)


@pytest.fixture
def repository(alice: User) -> Repository:
    """A repository to download."""
    return add_repository(add_provider())


@pytest.fixture
def download(alice: User, repository: Repository) -> Download:
    """A download of Alice's in progress."""
    return add_download(
        alice,
        repository,
        status=Status.DOWNLOADING,
        current_bytes=1_024_000,
        total_bytes=10_240_000,
        current_file="model.gguf",
        total_files=5,
        files_completed=2,
        download_speed=1_048_576,
        eta_seconds=10,
        started_at=MOMENT,
        created_at=MOMENT,
    )


def test_a_download_is_what_the_stream_says_and_more(client: FlaskClient, alice: User, download: Download) -> None:
    shown = client.get(f"{DOWNLOADS}/{download.id}", headers=bearer(alice))
    assert list(shown.json) == STREAM_KEYS + FURTHER_KEYS
    streamed = json.loads(encode_download(values_of(db.session.get_one(Download, download.id))))
    assert {key: shown.json[key] for key in STREAM_KEYS} == streamed
    assert shown.json["created_at"] == "2024-01-01T12:30:15Z"


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
    assert hidden.text == absent.text.replace(NOBODYS_ID, download.id)
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


@pytest.mark.parametrize("by_name", [True, False])
def test_a_download_is_queued_for_the_caller(
    client: FlaskClient, alice: User, repository: Repository, by_name: bool
) -> None:
    by_row = {"repository_id": repository.id}
    target = {"provider_id": repository.provider_id, "repository": "org/model"} if by_name else by_row
    options = {"revision": "v1", "include": ["*.gguf"], "exclude": ["old/"], "priority": 3}
    queued = client.post(DOWNLOADS, json={**target, **options}, headers=bearer(alice))
    assert queued.status_code == 202
    assert queued.json["user_id"] == alice.id
    assert queued.json["repository_id"] == repository.id
    assert (queued.json["status"], queued.json["revision"], queued.json["priority"]) == ("pending", "v1", 3)
    assert client.get(queued.headers["Location"], headers=bearer(alice)).json == queued.json
    row = db.session.get_one(Download, queued.json["id"])
    assert (row.include, row.exclude) == (["*.gguf"], ["old/"])


def test_the_same_download_twice_is_a_conflict_that_names_the_first(
    client: FlaskClient, alice: User, bob: User, repository: Repository
) -> None:
    body = {"repository_id": repository.id}
    first = client.post(DOWNLOADS, json=body, headers=bearer(alice))
    second = client.post(DOWNLOADS, json=body, headers=bearer(alice))
    assert second.status_code == 409
    assert first.json["id"] in second.json["message"]
    assert client.post(DOWNLOADS, json=body, headers=bearer(bob)).status_code == 202


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"repository": "org/model"}, 422),
        ({"repository_id": NOBODYS_ID, "repository": "org/model"}, 422),
        ({"repository_id": NOBODYS_ID}, 404),
        ({"provider_id": NOBODYS_ID, "repository": "org/model"}, 404),
        ({"repository_id": NOBODYS_ID, "priority": "high"}, 422),
        ({"repository_id": NOBODYS_ID, "speed": 5}, 422),
    ],
)
def test_an_unfit_request_is_refused(client: FlaskClient, alice: User, body: dict[str, str], status: int) -> None:
    assert client.post(DOWNLOADS, json=body, headers=bearer(alice)).status_code == status
    assert client.post(DOWNLOADS, json=body).status_code == 401


@pytest.mark.parametrize("name", ["../up", "/etc/passwd", "a//b", "org/.git", "a\\b"])
def test_a_hostile_repository_name_is_refused(
    client: FlaskClient, alice: User, repository: Repository, name: str
) -> None:
    body = {"provider_id": repository.provider_id, "repository": name}
    refused = client.post(DOWNLOADS, json=body, headers=bearer(alice))
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["repository"])


def test_a_download_is_paused_resumed_cancelled_and_retried(
    client: FlaskClient, alice: User, repository: Repository
) -> None:
    one = f"{DOWNLOADS}/{add_download(alice, repository).id}"
    for action, status in (("pause", "paused"), ("resume", "pending"), ("cancel", "cancelled"), ("retry", "pending")):
        answer = client.post(f"{one}/{action}", headers=bearer(alice))
        assert (answer.status_code, answer.json["status"]) == (200, status)
    refused = client.post(f"{one}/resume", headers=bearer(alice))
    assert refused.status_code == 409
    assert "pending" in refused.json["message"]


def test_nothing_leaves_completed(client: FlaskClient, alice: User, repository: Repository) -> None:
    one = f"{DOWNLOADS}/{add_download(alice, repository, status=Status.COMPLETED).id}"
    for action in ("pause", "resume", "cancel", "retry"):
        refused = client.post(f"{one}/{action}", headers=bearer(alice))
        assert refused.status_code == 409
        assert "completed" in refused.json["message"]


def test_a_finished_download_is_deleted(client: FlaskClient, alice: User, repository: Repository) -> None:
    one = f"{DOWNLOADS}/{add_download(alice, repository, status=Status.FAILED).id}"
    assert client.delete(one, headers=bearer(alice)).status_code == 204
    assert client.get(one, headers=bearer(alice)).status_code == 404


def test_a_change_by_cookie_needs_the_csrf_header(client: FlaskClient, alice: User, download: Download) -> None:
    from tests.conftest import PASSWORD

    signed_in = client.post("/api/auth/login", json={"username": "alice", "password": PASSWORD, "cookies": True})
    assert signed_in.status_code == 200
    one = f"{DOWNLOADS}/{download.id}"
    assert client.get(one).status_code == 200
    assert client.post(f"{one}/pause").status_code == 401
    csrf = client.get_cookie("csrf_access_token")
    assert csrf is not None
    assert client.post(f"{one}/pause", headers={"X-CSRF-TOKEN": csrf.value}).status_code == 200


def test_every_resource_is_in_the_openapi_document(client: FlaskClient) -> None:
    described = client.get("/api/openapi.json").json
    assert described["openapi"].startswith("3.1")
    paths = {f"{DOWNLOADS}{rest}" for rest in ("", "/{download_id}", "/{download_id}/pause", "/{download_id}/files")}
    assert paths <= set(described["paths"])
