"""Whatever the description allows and forbids is asked, as a user and as an admin, and every answer is checked."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, settings
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.python._constants.orchestrator import make_constants_value_source
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
        yield app
        db.session.remove()
        db.engine.dispose()
    postgres.drop_database("schemathesis")


@pytest.fixture(scope="module")
def description(app: Flask) -> Any:
    """What the application says of itself."""
    described = schemathesis.openapi.from_dict(app.test_client().get("/api/openapi.json").get_json())
    described.app = app
    return described


_OPTIONS: dict[str, Any] = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
few = settings(max_examples=EXAMPLES, derandomize=True, **_OPTIONS)
many = settings(max_examples=10 * EXAMPLES, **_OPTIONS)


@pytest.mark.parametrize("role", ["user", "admin"])
def test_every_answer_is_as_described(role: str, app: Flask, description: Any, subtests: pytest.Subtests) -> None:
    ask_everything(app, description, role, few, subtests, phases=["examples", "fuzzing"])


@pytest.mark.scale
@pytest.mark.parametrize("role", ["user", "admin"])
def test_a_hundred_answers_are_as_described(role: str, app: Flask, description: Any, subtests: pytest.Subtests) -> None:
    """At each bound of a schema too."""
    ask_everything(app, description, role, many, subtests, phases=["examples", "fuzzing", "coverage"])


def ask_everything(
    app: Flask, description: Any, role: str, examples: settings, subtests: pytest.Subtests, phases: list[str]
) -> None:
    """Ask each operation as that role what is allowed and what is not.

    `description.parametrize()` would make all these requests up in each process of a whole run.
    """
    description.config.phases.update(phases=phases)
    feedback = FeedbackSources(constants_value_source=make_constants_value_source(description))

    def ask_as_role(case: Any) -> None:
        ask(app, case, role)

    for found in description.get_all_operations():
        operation = found.ok()
        with subtests.test(operation.label):
            build_operation_test(
                config=description.config,
                operation=operation,
                test_func=ask_as_role,
                given_kwargs={},
                feedback=feedback,
                explicit_settings=examples,
            )()


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
