"""The largest of each value that clients send is taken, one more is refused with the field's name."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from downloads_app.models import Provider, User
from downloads_app.services import pages
from downloads_app.services.accounts import passwords
from downloads_app.services.downloads import patterns
from downloads_app.services.names import MAX_REPOSITORY_LENGTH, MAX_REVISION_LENGTH
from downloads_app.services.providers.fields import MAX_CONNECTIONS, MAX_URL_LENGTH
from downloads_app.services.providers.secrets import MAX_ALLOWED_HOSTS, MAX_SECRET_LENGTH
from downloads_app.web.api import paging, schemas
from downloads_app.web.api.download_schemas import MAX_SEARCH_LENGTH
from downloads_app.web.api.paging import MAX_FILES_A_PAGE
from downloads_app.web.api.provider_contents import MAX_QUESTION_LENGTH
from tests.conftest import bearer
from tests.support.downloading import add_downloads, add_provider

URL = "http://files.invalid/"
Ask = Callable[[str, dict[str, Any]], Any]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One kind of database will do."""
    return sqlite_url


@pytest.fixture
def provider(app: Flask) -> Provider:
    return add_provider()


@pytest.fixture
def ask(client: FlaskClient, admin: User, provider: Provider) -> Ask:
    """Ask as an admin: `POST /path` or `GET /path`, with values for the body or the query."""

    def send(route: str, values: dict[str, Any]) -> Any:
        method, _, path = route.partition(" ")
        path = path.replace("PROVIDER", provider.id)
        given = {"json": values} if method != "GET" else {"query_string": values}
        return client.open(path, method=method, headers=bearer(admin), **given)  # type: ignore[arg-type]  # by name

    return send


def a_download(**values: Any) -> dict[str, Any]:
    return {"provider": "hub", "repository": "org/model", **values}


def a_provider(**values: Any) -> dict[str, Any]:
    return {"name": "other", "kind": "http", "url": URL, **values}


BODIES: dict[str, tuple[str, str, Callable[..., dict[str, Any]], Any, Any]] = {
    "a repository's name": (
        "POST /api/downloads",
        "repository",
        a_download,
        "a" * 200 + "/" + "b" * 200 + "/" + "c" * (MAX_REPOSITORY_LENGTH - 402),
        "a" * 200 + "/" + "b" * 200 + "/" + "c" * (MAX_REPOSITORY_LENGTH - 401),
    ),
    "a revision": (
        "POST /api/downloads",
        "revision",
        a_download,
        "r" * MAX_REVISION_LENGTH,
        "r" * (MAX_REVISION_LENGTH + 1),
    ),
    "patterns": (
        "POST /api/downloads",
        "include",
        a_download,
        ["a"] * patterns.MAX_PATTERNS,
        ["a"] * (patterns.MAX_PATTERNS + 1),
    ),
    "a pattern": (
        "POST /api/downloads",
        "exclude",
        a_download,
        ["a" * patterns.MAX_PATTERN_LENGTH],
        ["a" * (patterns.MAX_PATTERN_LENGTH + 1)],
    ),
    "all patterns": (
        "POST /api/downloads",
        "include",
        a_download,
        ["a" * 500] * (patterns.MAX_TOTAL_LENGTH // 500),
        ["a" * 500] * (patterns.MAX_TOTAL_LENGTH // 500) + ["a"],
    ),
    "a priority": ("POST /api/downloads", "priority", a_download, 1000, 1001),
    "a user's name": ("POST /api/users", "username", lambda **v: {"password": "plugh " * 9, **v}, "u" * 80, "u" * 81),
    "a password": (
        "POST /api/users",
        "password",
        lambda **v: {"username": "eve", **v},
        ("xyzzy plugh " * 99)[: passwords.MAX_LENGTH],
        ("xyzzy plugh " * 99)[: passwords.MAX_LENGTH + 1],
    ),
    "a provider's name": ("POST /api/providers", "name", a_provider, "p" * 80, "p" * 81),
    "a provider's URL": (
        "POST /api/providers",
        "url",
        a_provider,
        URL.ljust(MAX_URL_LENGTH, "a"),
        URL.ljust(MAX_URL_LENGTH + 1, "a"),
    ),
    "a provider's token": (
        "POST /api/providers",
        "token",
        a_provider,
        "t" * MAX_SECRET_LENGTH,
        "t" * (MAX_SECRET_LENGTH + 1),
    ),
    "a provider's hosts": (
        "POST /api/providers",
        "allow_hosts",
        a_provider,
        [f"h{n}.example" for n in range(MAX_ALLOWED_HOSTS)],
        [f"h{n}.example" for n in range(MAX_ALLOWED_HOSTS + 1)],
    ),
    "a provider's connections": (
        "POST /api/providers",
        "max_connections",
        a_provider,
        MAX_CONNECTIONS,
        MAX_CONNECTIONS + 1,
    ),
}
QUERIES = {
    "a page": ("/api/downloads", "page_size", paging.MAX_PAGE_SIZE, paging.MAX_PAGE_SIZE + 1),
    "a page's number": ("/api/downloads", "page", "9" * 12, "9" * 13),
    "a cursor": ("/api/downloads", "cursor", None, "a" * (paging.MAX_CURSOR_LENGTH + 1)),
    "what is searched for": ("/api/downloads", "search", "a" * MAX_SEARCH_LENGTH, "a" * (MAX_SEARCH_LENGTH + 1)),
    "a part of a repository's name": (
        "/api/repositories",
        "search",
        "a" * MAX_SEARCH_LENGTH,
        "a" * (MAX_SEARCH_LENGTH + 1),
    ),
    "a question to a provider": ("/api/providers/PROVIDER/search", "q", None, "a" * (MAX_QUESTION_LENGTH + 1)),
}


@pytest.mark.parametrize("what", BODIES)
def test_a_value_of_a_body_is_as_large_as_the_table_says(ask: Ask, what: str) -> None:
    route, field, body, largest, more = BODIES[what]
    taken = ask(route, body(**{field: largest}))
    assert taken.status_code in (201, 202), taken.text
    refused = ask(route, body(**{field: more}))
    assert refused.status_code == 422, refused.text
    assert field in json.dumps(refused.json["errors"])


@pytest.mark.parametrize("what", QUERIES)
def test_a_value_of_a_query_is_as_large_as_the_table_says(ask: Ask, what: str) -> None:
    path, field, largest, more = QUERIES[what]
    if largest is not None:
        assert ask(f"GET {path}", {field: largest}).status_code == 200
    refused = ask(f"GET {path}", {field: more})
    assert refused.status_code == 422, refused.text
    assert field in json.dumps(refused.json["errors"])


def test_a_page_of_files_is_as_large_as_the_table_says(ask: Ask, alice: User, provider: Provider) -> None:
    row = add_downloads(alice, provider, "org/model")[0]
    path = f"GET /api/downloads/{row.id}/files"
    assert ask(path, {"page_size": MAX_FILES_A_PAGE}).status_code == 200
    assert ask(path, {"page_size": MAX_FILES_A_PAGE + 1}).status_code == 422


def test_a_body_has_so_many_bytes(app: Flask, client: FlaskClient, alice: User) -> None:
    most = app.config["MAX_CONTENT_LENGTH"]
    for size, status in ((most, 422), (most + 1, 413)):
        body = b'{"username": "a"}'.ljust(size)
        answer = client.post("/api/auth/login", data=body, content_type="application/json")
        assert answer.status_code == status


def test_a_password_that_is_tried_has_so_many_characters(ask: Ask) -> None:
    for length, status in ((passwords.MAX_TRIED_BYTES, 401), (passwords.MAX_TRIED_BYTES + 1, 422)):
        answer = ask("POST /api/auth/login", {"username": "nobody", "password": "x" * length})
        assert answer.status_code == status
    for length, status in ((schemas.MAX_NAME_LENGTH, 401), (schemas.MAX_NAME_LENGTH + 1, 422)):
        answer = ask("POST /api/auth/login", {"username": "n" * length, "password": "x"})
        assert answer.status_code == status


def test_a_page_lies_so_far_away_where_the_list_goes_on(
    ask: Ask, alice: User, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MAX_COUNTED", 3)
    monkeypatch.setattr(pages, "MAX_SKIPPED", 5)
    add_downloads(alice, provider, *(f"org/{number}" for number in range(8)))
    assert len(ask("GET /api/downloads", {"page": 6, "page_size": 1}).json) == 1
    refused = ask("GET /api/downloads", {"page": 7, "page_size": 1})
    assert refused.status_code == 422
    assert "cursor" in refused.json["message"]
    assert "page" in refused.json["errors"]


def test_a_page_behind_the_end_is_empty_however_far_away(ask: Ask, alice: User, provider: Provider) -> None:
    add_downloads(alice, provider, "org/model")
    answer = ask("GET /api/downloads", {"page": 10**11})
    assert (answer.status_code, answer.json) == (200, [])
    assert json.loads(answer.headers["X-Pagination"])["total"] == 1
