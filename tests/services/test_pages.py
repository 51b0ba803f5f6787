"""Pages of long lists: numbers and cursors, totals that are not counted to the end, and no table that is scanned."""

import base64
import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from downloads_app.errors import InvalidInput
from downloads_app.extensions import db
from downloads_app.models import Provider, User
from downloads_app.services import pages
from downloads_app.services.downloads import history
from downloads_app.services.pages import Wanted
from tests.conftest import bearer
from tests.support.downloading import add_provider

ROWS = 6_000
SORTS = [sign + name for name in history.SORTS for sign in ("", "-")]


def fill(users: list[User], provider: Provider, rows: int) -> None:
    """Add downloads in all states, of several users and repositories, in one statement; some times are unknown."""
    repositories = [_add_repository(provider, f"org/{number}") for number in range(5)]
    values = ",".join(
        f"('{number:08x}-0000-4000-8000-000000000000', '{users[number % len(users)].id}', '{provider.id}',"
        f" '{repositories[number % 5]}', 'main', '[]', '[]', '{_status(number)}', {number % 7}, {number % 11},"
        f" '2024-01-01 00:{number % 60:02}:00.000000', '2024-01-02 00:{number % 50:02}:00.000000',"
        f" {_sometimes(number, 3)}, {_sometimes(number, 2)}, 0, 0, 0, 0)"
        for number in range(rows)
    )
    columns = (
        "id, user_id, provider_id, repository_id, revision, include, exclude, status, priority, current_bytes,"
        " created_at, updated_at, started_at, completed_at, attempt, failures, files_completed, download_speed"
    )
    db.session.execute(text(f"INSERT INTO downloads ({columns}) VALUES {values}".replace(":", r"\:")))
    db.session.commit()
    db.session.execute(text("ANALYZE"))
    db.session.commit()


def _add_repository(provider: Provider, name: str) -> str:
    from downloads_app.services.providers import catalog

    repository = catalog.find_or_create_repository(provider, name)
    db.session.commit()
    return repository.id


def _status(number: int) -> str:
    return "pending" if number % 50 == 0 else "downloading" if number % 50 == 1 else "completed"


def _sometimes(number: int, every: int) -> str:
    return f"'2024-01-03 00:00:{number % 60:02}.000000'" if number % every else "NULL"


@pytest.mark.parametrize("sort", SORTS)
def test_pages_and_cursors_show_the_same_list_once(app: Flask, alice: User, bob: User, sort: str) -> None:
    fill([alice, bob], add_provider(), 97)
    whole = [row.id for row in history.list_downloads(wanted=Wanted(sort, page_size=100)).rows]
    numbered = [row.id for page in range(1, 12) for row in history.list_downloads(wanted=Wanted(sort, page, 10)).rows]
    walked, cursor = [], None
    for _ in range(12):
        page = history.list_downloads(wanted=Wanted(sort, page_size=10, cursor=cursor))
        walked += [row.id for row in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert numbered == walked == whole
    assert len(set(whole)) == 97


def test_several_statuses_are_one_list(app: Flask, alice: User) -> None:
    fill([alice], add_provider(), 300)
    both = history.list_downloads(statuses=("pending", "downloading"), wanted=Wanted("-created_at", page_size=5))
    assert both.total == 12
    again = history.list_downloads(
        statuses=("downloading", "pending"), wanted=Wanted("-created_at", page_size=50, cursor=both.next_cursor)
    )
    found = [row for page in (both, again) for row in page.rows]
    assert {row.status for row in found} == {"pending", "downloading"}
    assert [row.id for row in found] == [
        row.id for row in sorted(found, key=lambda row: (row.created_at, row.id), reverse=True)
    ]
    assert len(found) == 12


def test_a_long_list_is_not_counted_to_its_end(
    client: FlaskClient, alice: User, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MAX_COUNTED", 50)
    fill([alice], add_provider(), 120)
    first = client.get("/api/downloads?page_size=20", headers=bearer(admin))
    said = json.loads(first.headers["X-Pagination"])
    assert (said["total"], said["total_is_minimum"], said["next_page"]) == (50, True, 2)
    assert "last_page" not in said
    far = json.loads(client.get("/api/downloads?page_size=20&page=6", headers=bearer(admin)).headers["X-Pagination"])
    assert (far["page"], far["previous_page"]) == (6, 5)
    assert "next_page" not in far
    few = json.loads(client.get("/api/downloads?status=pending", headers=bearer(admin)).headers["X-Pagination"])
    assert few == {"total": 3, "total_pages": 1, "first_page": 1, "last_page": 1, "page": 1}


def test_a_cursor_is_bound_to_its_list(client: FlaskClient, alice: User, bob: User) -> None:
    fill([alice, bob], add_provider(), 60)
    first = client.get("/api/downloads?page_size=5", headers=bearer(alice))
    cursor = json.loads(first.headers["X-Pagination"])["next_cursor"]
    second = client.get(f"/api/downloads?page_size=5&cursor={cursor}", headers=bearer(alice))
    assert not {row["id"] for row in first.json} & {row["id"] for row in second.json}
    for path, user in (
        (f"/api/downloads?status=pending&cursor={cursor}", alice),
        (f"/api/downloads?sort=created_at&cursor={cursor}", alice),
        (f"/api/downloads?page=2&cursor={cursor}", alice),
        (f"/api/downloads?cursor={cursor}", bob),
        (f"/api/repositories?cursor={cursor}", alice),
    ):
        answer = client.get(path, headers=bearer(user))
        assert answer.status_code == 422, path
        assert "cursor" in answer.json["errors"]


@pytest.mark.parametrize("forged", ["x", "AAAA", "W10", "[]", "é", "W1tbW1tb", "e30"])
def test_a_cursor_that_is_none_is_refused(app: Flask, forged: str) -> None:
    with pytest.raises(InvalidInput, match="cursor"):
        history.list_downloads(wanted=Wanted("-created_at", cursor=forged))


@pytest.mark.parametrize("position", [["x", "y"], [None, "y"], [5, "0"], ["2024-01-01", 7], [{}, []]])
def test_a_cursor_with_another_position_is_refused(app: Flask, alice: User, position: list[Any]) -> None:
    fill([alice], add_provider(), 30)
    for sort in ("-created_at", "priority", "-completed_at"):
        given = history.list_downloads(wanted=Wanted(sort, page_size=5)).next_cursor
        assert given is not None
        digest = json.loads(base64.urlsafe_b64decode(given + "=="))[0]
        forged = base64.urlsafe_b64encode(json.dumps([digest, *position]).encode()).decode().rstrip("=")
        with pytest.raises(InvalidInput):
            history.list_downloads(wanted=Wanted(sort, cursor=forged))


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_a_cursor_with_a_text_that_no_column_takes_is_refused(client: FlaskClient, alice: User, text: str) -> None:
    for name in ("one", "two"):
        add_provider(name)
    first = client.get("/api/providers?sort=name&page_size=1", headers=bearer(alice))
    digest, _, row_id = json.loads(
        base64.urlsafe_b64decode(json.loads(first.headers["X-Pagination"])["next_cursor"] + "==")
    )
    forged = base64.urlsafe_b64encode(json.dumps([digest, text, row_id]).encode()).decode().rstrip("=")
    answer = client.get(f"/api/providers?sort=name&cursor={forged}", headers=bearer(alice))
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["cursor"])
