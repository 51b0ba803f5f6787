"""One id a request: in its answer, in its error, in each of its log lines."""

import json
import logging
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from downloads_app import logs, request_ids
from downloads_app.models import User
from downloads_app.web.offload import offload
from tests.conftest import bearer
from tests.support.file_server import FileServer
from tests.support.publishing import provide, publish
from tests.support.routes import ALL_ROUTES, all_routes
from tests.support.server import wait_until
from tests.worker.running import working

THEIRS = "from-nginx-0123456789abcdef"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Ids have nothing to do with the kind of database."""
    return sqlite_url


@pytest.fixture
def behind_proxy(make_app: Callable[..., Flask]) -> FlaskClient:
    """A client of an application that trusts it as its proxy."""
    return make_app(trusted_proxies="127.0.0.1").test_client()


@pytest.fixture(params=["text", "json"])
def log(request: pytest.FixtureRequest) -> Iterator[StringIO]:
    """What the service's own handler writes in a format, as it is configured in a process."""
    config = logs.dict_config(request.param)
    configurator = logging.config.DictConfigurator(config)
    handler = logging.StreamHandler(written := StringIO())
    handler.setFormatter(configurator.configure_formatter(dict(config["formatters"]["line"])))
    handler.addFilter(request_ids.add_to)
    logger = logging.getLogger("downloads_app")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield written
    logger.removeHandler(handler)
    logger.setLevel(level)


@pytest.fixture
def app_settings() -> dict[str, Any]:
    """All routes are there."""
    return ALL_ROUTES


def test_every_answer_has_an_id_of_its_own(app: Flask, client: FlaskClient, admin: User) -> None:
    seen = set()
    for route in all_routes(app):
        answer = client.open(route.path, method=route.method, headers={**bearer(admin), request_ids.HEADER: THEIRS})
        answer.close()
        seen.add(answer.headers[request_ids.HEADER])
    assert len(seen) == len(list(all_routes(app)))
    assert THEIRS not in seen
    assert all(len(one) == 16 for one in seen)


@pytest.mark.parametrize("sent", [THEIRS, "a", "A-9", "x" * 64])
def test_a_trusted_proxy_gives_the_id(behind_proxy: FlaskClient, sent: str) -> None:
    answer = behind_proxy.get("/api/none", headers={request_ids.HEADER: sent})
    assert answer.headers[request_ids.HEADER] == answer.json["request_id"] == sent


@pytest.mark.parametrize("sent", ["", "x" * 65, "a b", "a_b", "a\u00e4", "a,b", "<script>"])
def test_what_has_not_the_form_of_an_id_is_none(behind_proxy: FlaskClient, sent: str) -> None:
    answer = behind_proxy.get("/api/none", headers={request_ids.HEADER: sent})
    assert len(answer.headers[request_ids.HEADER]) == 16


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/api/none", 404),
        ("GET", "/none", 404),
        ("PUT", "/api/downloads", 405),
        ("GET", "/api/downloads", 401),
        ("POST", "/api/auth/login", 422),
        ("GET", "/api/downloads/subscribe", 401),
        ("GET", "/static/none.js", 404),
    ],
)
def test_every_error_has_one_shape_and_the_id(client: FlaskClient, method: str, path: str, code: int) -> None:
    answer = client.open(path, method=method)
    assert answer.status_code == code
    assert list(answer.get_json()) == ["code", "status", "message", "errors", "request_id"]
    assert answer.json["request_id"] == answer.headers[request_ids.HEADER]


def test_a_body_that_is_too_large_has_the_shape_too(client: FlaskClient) -> None:
    answer = client.post("/api/auth/login", data=b"x" * 70_000, content_type="application/json")
    assert answer.status_code == 413
    assert answer.json["request_id"] == answer.headers[request_ids.HEADER]


def test_each_line_of_a_request_has_its_id(app: Flask, client: FlaskClient, log: StringIO) -> None:
    answer = client.post("/api/auth/login", json={"username": "nobody", "password": "wrong"})
    assert answer.status_code == 401
    client.post("/api/auth/login", json={})
    first, second = log.getvalue().splitlines()
    assert "failed sign-in from 127.0.0.1" in first
    assert answer.headers[request_ids.HEADER] in first
    assert answer.headers[request_ids.HEADER] not in second
    if first.startswith("{"):
        assert json.loads(first)["request_id"] == answer.headers[request_ids.HEADER]


def test_what_runs_in_another_thread_logs_with_the_id() -> None:
    with request_ids.belonging_to(THEIRS):
        assert offload(request_ids.present) == THEIRS
    assert request_ids.present() != THEIRS


def test_a_line_that_belongs_to_no_request_has_no_id(log: StringIO, tmp_path: Path) -> None:
    with request_ids.belonging_to(None):
        logging.getLogger("downloads_app.x").info("of the process")
    assert "request_id" not in log.getvalue()
    assert log.getvalue().rstrip().endswith(('"of the process"}', "[INFO] of the process"))


def test_a_downloads_worker_logs_with_the_id_of_the_request_that_queued_it(
    app: Flask, client: FlaskClient, alice: User, log: StringIO
) -> None:
    with FileServer() as server:
        publish(server, "org/model", {"a.bin": b"content"})
        body = {"provider": provide(server).name, "repository": "org/model"}
        queued = client.post("/api/downloads", json=body, headers=bearer(alice))
        with working(app):
            wait_until(lambda: "completed" in log.getvalue(), what="the end")
    story = [line for line in log.getvalue().splitlines() if queued.headers[request_ids.HEADER] in line]
    for word in ("queued by alice", "claimed", "completed"):
        assert any(word in line for line in story), (word, log.getvalue())
    again = client.post(f"/api/downloads/{queued.json['id']}/cancel", headers=bearer(alice))
    assert again.status_code == 409
