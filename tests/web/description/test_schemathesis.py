"""Whatever the description allows and forbids is asked, as a user and as an admin, and every answer is checked."""

import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from downloads_app import create_app
from downloads_app.config import SETTINGS
from downloads_app.extensions import db
from downloads_app.models import Download
from downloads_app.services.accounts import tokens, users
from tests.support.postgres import Postgres
from tests.support.routes import ALL_ROUTES

_PROVIDER = {"name", "url", "token", "username", "password", "header_name", "header_value", "client_certificate"}
_PROVIDER |= {"address_list", "allow_hosts", "region", "max_connections", "proxy_url", "ca_file"}
_WANTED = {"repository", "revision", "include", "exclude"}
JUDGED = {
    "addUser": {"password"},
    "changeUser": {"password"},
    "changePassword": {"password", "new_password"},
    "addProvider": _PROVIDER,
    "changeProvider": _PROVIDER,
    "askProvider": _PROVIDER,
    "askNewProvider": _PROVIDER,
    "addKey": {"name", "scopes", "expires_at"},
    "addDownload": _WANTED,
    "makePlan": _WANTED,
    "searchProvider": {"q"},
    "listContents": {"repository", "revision"},
}
"""Fields that are judged by more than a schema can say: passwords by how common they are, addresses, keys, globs, names
by what a file system and a kind of provider take."""
EXAMPLES = 10
"""Of each operation and user."""


@pytest.fixture(scope="module")
def app(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory, password_hash: str) -> Iterator[Flask]:
    """An application on PostgreSQL, with something of each kind in it."""
    postgres.create_database("schemathesis", template="template")
    app = create_app(
        database_url=postgres.url("schemathesis"),
        instance_dir=tmp_path_factory.mktemp("instance"),
        stream_max=50,
        **ALL_ROUTES,
    )
    with app.app_context():
        for name in ("user", "admin"):
            users.add_user(SETTINGS.of(app).downloads_dir, name, password_hash, is_admin=name == "admin")
        _application.served = app
        yield app
        db.session.remove()
        db.engine.dispose()
    postgres.drop_database("schemathesis")


class _Application:
    """Stands for the application while tests are collected, before there is a database for it."""

    served: Flask

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        return self.served(environ, start_response)


def _load() -> Any:
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(instance_dir=Path(folder), **ALL_ROUTES)
        found = schemathesis.openapi.from_dict(app.test_client().get("/api/openapi.json").get_json())
    found.app = _application
    return found


_application = _Application()
schema = _load()
_OPTIONS: dict[str, Any] = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
few = settings(max_examples=EXAMPLES, derandomize=True, **_OPTIONS)
many = settings(max_examples=10 * EXAMPLES, **_OPTIONS)


@schema.parametrize()
@few
def test_every_answer_to_a_user_is_as_described(case: Any, app: Flask) -> None:
    ask(app, case, "user")


@schema.parametrize()
@few
def test_every_answer_to_an_admin_is_as_described(case: Any, app: Flask) -> None:
    ask(app, case, "admin")


@pytest.mark.scale
@schema.parametrize()
@many
def test_a_hundred_answers_to_a_user_are_as_described(case: Any, app: Flask) -> None:
    ask(app, case, "user")


@pytest.mark.scale
@schema.parametrize()
@many
def test_a_hundred_answers_to_an_admin_are_as_described(case: Any, app: Flask) -> None:
    ask(app, case, "admin")


def is_allowed(case: Any) -> bool:
    """Whether a request is made to be as described, not to break the description."""
    return bool(case.meta is None or case.meta.generation.mode.is_positive)


def ask(app: Flask, case: Any, role: str) -> None:
    with app.app_context():
        db.session.execute(db.delete(Download))
        db.session.commit()
        user = users.find_user(role)
        token = tokens.issue_access(SETTINGS.of(app), user)
    headers = {name.lower(): name for name in case.headers or {}}
    if "idempotency-key" in headers and is_allowed(case):
        case.headers[headers["idempotency-key"]] = uuid.uuid4().hex  # a key is of one request: no schema can say that
    if case.query and is_allowed(case):
        case.query.pop("cursor", None)  # one that this list did not give is refused
    sent = {"headers": {"Authorization": f"Bearer {token}"}}
    response = case.call(**sent)
    unjudged = [positive_data_acceptance] if is_beyond_schemas(case, response) else None
    case.validate_response(response, excluded_checks=unjudged, transport_kwargs=sent, **sent)


def is_beyond_schemas(case: Any, response: Any) -> bool:
    """Whether a request that is as described may still be refused so."""
    if response.status_code == 424:
        return True  # the provider fails: nobody reaches it from here
    if response.status_code == 422 and "a character that is not text" in response.text:
        return True  # NUL, which no schema of a text forbids
    fields = JUDGED.get(case.operation.definition.raw["operationId"], set())
    return response.status_code == 422 and set(response.json()["errors"]) <= fields
