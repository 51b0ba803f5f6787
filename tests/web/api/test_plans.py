"""`POST /api/downloads/plan`: what would be fetched, asked of a real provider, and nothing changed."""

import json
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Download, DownloadFile, Provider, Repository, Status, User, utc_now
from downloads_app.services.files import folders
from downloads_app.services.files.partials import find_partials, key_of
from downloads_app.services.names import DEFAULT_REVISION
from tests.conftest import bearer
from tests.support.file_server import FileServer
from tests.web.api.calling import NOBODYS_ID, add_download, add_provider, add_repository

PLAN = "/api/downloads/plan"
FILES = {"model.gguf": 3000, "config.json": 20, "old/model.gguf": 500}
SUMS = dict(zip(FILES, ("ab" * 32, "bc" * 32, "de" * 32), strict=True))


@pytest.fixture
def provider(app: object) -> Iterator[Provider]:
    """A provider on loopback with one repository."""
    with FileServer() as server:
        listed = [{"path": path, "size": size, "sha256": SUMS[path]} for path, size in FILES.items()]
        server.put("org/model/manifest.json", json.dumps({"files": listed}).encode())
        yield add_provider(url=server.url, allow_private_network=True)


def test_a_plan_tells_files_bytes_and_room_and_changes_nothing(
    client: FlaskClient, alice: User, provider: Provider
) -> None:
    body = {"provider_id": provider.id, "repository": "org/model"}
    plan = client.post(PLAN, json=body, headers=bearer(alice))
    assert plan.status_code == 200, plan.text
    assert {file["path"]: file["size_bytes"] for file in plan.json["files"]} == FILES
    assert (plan.json["total_files"], plan.json["total_bytes"], plan.json["here_bytes"]) == (3, 3520, 0)
    assert plan.json["free_bytes"] > 0
    assert plan.json["quota_left_bytes"] is None
    for model in (Download, Repository):
        assert db.session.scalar(select(func.count()).select_from(model)) == 0


def test_a_plan_counts_what_an_unfinished_download_has_left(
    client: FlaskClient, alice: User, bob: User, provider: Provider
) -> None:
    everybody = bearer(alice), bearer(bob)
    partials = find_partials(
        folders.folder_for(current_settings().downloads_dir, alice, provider, "org/model", DEFAULT_REVISION)
    )
    partials.mkdir(parents=True)
    for path, validator in [("model.gguf", f"sha256:{'ab' * 32}"), ("config.json", f"sha256:{'cd' * 32}")]:
        (partials / f"{key_of(path)}.data").write_bytes(bytes(FILES[path]))
        known = {"validator": validator, "total_bytes": FILES[path], "ranges": [[0, 5], [8, 15]]}
        (partials / f"{key_of(path)}.json").write_text(json.dumps(known))
    body = {"provider_id": provider.id, "repository": "org/model"}
    here = [client.post(PLAN, json=body, headers=headers).json["here_bytes"] for headers in everybody]
    assert here == [12, 0]


def test_a_plan_keeps_to_include_and_exclude(client: FlaskClient, alice: User, provider: Provider) -> None:
    repository = add_repository(provider)
    add_download(alice, repository, status=Status.CANCELLED)
    body = {"repository_id": repository.id, "include": ["*.gguf"], "exclude": ["old/"]}
    plan = client.post(PLAN, json=body, headers=bearer(alice))
    assert [file["path"] for file in plan.json["files"]] == ["model.gguf"]
    assert plan.json["total_bytes"] == 3000


def test_a_plan_tells_nothing_of_what_others_have(
    client: FlaskClient, alice: User, bob: User, provider: Provider
) -> None:
    """A copy of theirs would be linked, but whether there is one tells who has a file of this sum."""
    done = add_download(bob, add_repository(provider, "org/secret"), status=Status.COMPLETED)
    folder = folders.folder_of(current_settings().downloads_dir, done)
    folder.mkdir(parents=True)
    for position, path in enumerate(FILES):
        name = f"any{position}"
        (folder / name).write_bytes(bytes(FILES[path]))
        known = {"sha256": SUMS[path], "size_bytes": FILES[path], "completed_at": utc_now()}
        db.session.add(DownloadFile(download_id=done.id, position=position, path=name, url="", **known))
    db.session.commit()
    body = {"provider_id": provider.id, "repository": "org/model"}
    everybody = bearer(alice), bearer(bob)
    mine, theirs = (client.post(PLAN, json=body, headers=headers).json for headers in everybody)
    assert (mine["here_bytes"], [file["is_here"] for file in mine["files"]]) == (0, [False] * 3)
    assert (theirs["here_bytes"], [file["is_here"] for file in theirs["files"]]) == (3520, [True] * 3)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"repository_id": NOBODYS_ID}, 404),
        ({"repository": "org/none"}, 424),
        ({"repository": "../up"}, 422),
        ({"repository": "org/model", "priority": 1}, 422),
    ],
)
def test_a_plan_that_cannot_be_made_says_why(
    client: FlaskClient, alice: User, provider: Provider, body: dict[str, object], status: int
) -> None:
    asked = {"provider_id": provider.id, **body} if "repository" in body else body
    refused = client.post(PLAN, json=asked, headers=bearer(alice))
    assert (refused.status_code, refused.json["code"]) == (status, status)
    assert client.post(PLAN, json=asked).status_code == 401
