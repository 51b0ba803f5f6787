"""Servers that start no download worker are told of once, where one is expected."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Servers have nothing to do with the kind of database."""
    return sqlite_url


def ask(client: FlaskClient, server: dict[str, object]) -> None:
    assert client.get("/healthz", environ_overrides=server).status_code == 200


@pytest.mark.parametrize(
    ("server", "name"),
    [
        ({"SERVER_SOFTWARE": "waitress"}, "waitress"),
        ({"SERVER_SOFTWARE": "Apache/2.4.62 (Debian)"}, "Apache"),
        ({"uwsgi.version": b"2.0.30"}, "uWSGI"),
    ],
    ids=["waitress", "mod_wsgi", "uwsgi"],
)
def test_a_server_that_starts_no_worker_says_so_at_its_first_request_only(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, server: dict[str, object], name: str
) -> None:
    ask(client, server)
    ask(client, server)
    (record,) = caplog.records
    assert record.getMessage().startswith(f"{name} starts no download worker")
    assert "downloads-app downloads worker" in record.getMessage()


def test_gunicorn_starts_one_and_who_starts_their_own_is_told_nothing(
    make_app: Callable[..., Flask], caplog: pytest.LogCaptureFixture
) -> None:
    ask(make_app().test_client(), {"SERVER_SOFTWARE": "gunicorn/27.0.1"})
    ask(make_app(embedded_worker=False).test_client(), {"SERVER_SOFTWARE": "waitress"})
    assert caplog.records == []
