"""A request that is sent again: the first answer, once, also over processes, crashes and hostile keys."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from downloads_app.extensions import db
from downloads_app.models import Download, KeyedRequest, Provider, User
from downloads_app.services import idempotency
from downloads_app.services.database.clock import database_now
from downloads_app.services.downloads import lifecycle
from downloads_app.services.queue import housekeeping
from tests.conftest import bearer
from tests.web.api.calling import add_provider

DOWNLOADS = "/api/downloads"
KEY = "4f3a-once"


@pytest.fixture
def provider(app: Flask) -> Provider:
    return add_provider()


def add(client: FlaskClient, user: User, key: str | None = KEY, **body: Any) -> TestResponse:
    headers = bearer(user) | ({"Idempotency-Key": key} if key is not None else {})
    return client.post(DOWNLOADS, json={"provider": "hub", "repository": "org/model"} | body, headers=headers)


def count_downloads() -> int:
    return db.session.scalar(select(func.count()).select_from(Download)) or 0


def test_the_same_request_gets_the_first_answer_again(client: FlaskClient, alice: User, provider: Provider) -> None:
    first, second = add(client, alice), add(client, alice)
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.data == second.data
    assert first.headers["Location"] == second.headers["Location"]
    assert second.content_type == "application/json"
    assert (first.headers.get("Idempotent-Replayed"), second.headers["Idempotent-Replayed"]) == (None, "true")
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]
    assert count_downloads() == 1


def test_a_refusal_is_kept_too(client: FlaskClient, alice: User, provider: Provider) -> None:
    add(client, alice, None)
    refused = add(client, alice)
    assert refused.status_code == 409
    db.session.execute(db.delete(Download))
    db.session.commit()
    assert add(client, alice).data == refused.data


def test_the_key_is_of_one_request_alone(client: FlaskClient, alice: User, provider: Provider) -> None:
    download = add(client, alice).json["id"]
    assert add(client, alice, priority=1).status_code == 422
    headers = bearer(alice) | {"Idempotency-Key": KEY}
    other = client.post(f"{DOWNLOADS}/{download}/pause", headers=headers)
    assert (other.status_code, list(other.json["errors"])) == (422, ["Idempotency-Key"])
    assert add(client, alice).status_code == 202


def test_the_key_is_of_one_user_alone(client: FlaskClient, alice: User, bob: User, provider: Provider) -> None:
    assert add(client, alice).json["username"] == "alice"
    assert add(client, bob).json["username"] == "bob"
    assert count_downloads() == 2


def test_one_in_flight_is_409_and_a_crash_frees_the_key_soon(
    client: FlaskClient, alice: User, provider: Provider
) -> None:
    add(client, alice)
    db.session.execute(update(KeyedRequest).values(status=None, headers=None, body=None))  # as if it had just begun
    db.session.commit()
    assert add(client, alice).status_code == 409
    db.session.execute(update(KeyedRequest).values(begun_at=database_now(-idempotency.IN_FLIGHT_SECONDS - 1)))
    db.session.commit()
    again = add(client, alice)
    assert "active already" in again.json["message"]  # carried out anew: the process had died after it queued


def test_what_the_server_could_not_do_is_not_kept(
    client: FlaskClient, alice: User, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OperationalError("INSERT", {}, Exception("gone"))

    with monkeypatch.context() as failing:
        failing.setattr(lifecycle, "create", fail)
        assert add(client, alice).status_code == 503
    assert add(client, alice).status_code == 202


def test_after_a_day_the_key_is_new(client: FlaskClient, alice: User, provider: Provider) -> None:
    add(client, alice)
    db.session.execute(update(KeyedRequest).values(begun_at=database_now(-idempotency.KEPT_SECONDS - 1)))
    db.session.commit()
    assert add(client, alice).status_code == 409
    db.session.execute(update(KeyedRequest).values(begun_at=database_now(-idempotency.KEPT_SECONDS - 1)))
    db.session.commit()
    housekeeping.remove_old_rows()
    assert db.session.scalar(select(func.count()).select_from(KeyedRequest)) == 0


@pytest.mark.parametrize(
    "patterns",
    [{"include": ["\u00e4" * 450] * 10}, {"include": ["\U0001f600" * 500] * 10, "exclude": ["\U0001f600" * 50] * 100}],
    ids=["of two bytes", "of four bytes"],
)
def test_the_longest_answer_of_a_change_is_kept(
    client: FlaskClient, alice: User, provider: Provider, patterns: dict[str, list[str]]
) -> None:
    body = json.dumps({"provider": "hub", "repository": "org/model"} | patterns, ensure_ascii=False).encode()
    headers = bearer(alice) | {"Idempotency-Key": KEY, "Content-Type": "application/json"}
    first, second = (client.post(DOWNLOADS, data=body, headers=headers) for _ in range(2))
    assert (first.status_code, len(first.data) > 16 << 10) == (202, True)
    assert (second.status_code, second.data) == (202, first.data)
    assert count_downloads() == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "\u00e4", "a\x7f"])
def test_what_is_no_key_is_422(client: FlaskClient, alice: User, provider: Provider, key: str) -> None:
    refused = add(client, alice, key)
    assert (refused.status_code, refused.json["errors"]) == (422, {"Idempotency-Key": "malformed"})
    assert count_downloads() == 0


@pytest.mark.parametrize("key", ["x" * 255, " ", '"quoted"', "'; DROP TABLE users; --", "~"])
def test_any_printable_ascii_is_a_key(client: FlaskClient, alice: User, provider: Provider, key: str) -> None:
    assert add(client, alice, key).data == add(client, alice, key).data


def test_a_user_has_so_many_keys(
    client: FlaskClient, alice: User, bob: User, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "MAX_KEYS", 2)
    assert [add(client, alice, key, repository=f"org/{key}").status_code for key in "abc"] == [202, 202, 409]
    assert add(client, alice, "a", repository="org/a").status_code == 202
    assert add(client, bob).status_code == 202
    assert count_downloads() == 3


def test_secrets_and_long_answers_are_not_kept(client: FlaskClient, alice: User, admin: User) -> None:
    keyed = bearer(admin) | {"Idempotency-Key": KEY}
    assert client.post("/api/auth/login", json={}, headers=keyed).status_code == 422
    body = {"username": "carol", "password": "a long enough passphrase"}
    assert client.post("/api/users", json=body, headers=keyed).status_code == 201
    row = db.session.execute(select(KeyedRequest)).scalar_one()
    assert b"passphrase" not in (row.body or b"")
    idempotency.finish(
        idempotency.Claim(admin.id, KEY, row.claim), idempotency.Answer(200, {}, bytes(idempotency.MAX_BODY_BYTES + 1))
    )
    assert db.session.scalar(select(func.count()).select_from(KeyedRequest)) == 0


def test_of_many_at_once_one_is_carried_out(
    make_app: Callable[..., Flask], app: Flask, alice: User, provider: Provider
) -> None:
    other, headers = make_app(), bearer(alice) | {"Idempotency-Key": KEY}
    answers: list[TestResponse] = []
    ready = threading.Barrier(8)

    def send(one: Flask) -> None:
        ready.wait()
        body = {"provider": "hub", "repository": "org/model"}
        answers.append(one.test_client().post(DOWNLOADS, json=body, headers=headers))

    threads = [threading.Thread(target=send, args=(one,)) for one in (app, other) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    codes = sorted(answer.status_code for answer in answers)
    assert set(codes) <= {202, 409}
    assert 202 in codes
    assert not [answer for answer in answers if answer.status_code == 409 and "in flight" not in answer.text]
    assert count_downloads() == 1
