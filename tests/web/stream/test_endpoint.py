"""`GET /api/downloads/subscribe` before its first event, and in the time between two."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_jwt_extended import create_access_token

from downloads_app.config import current_settings
from downloads_app.models import User
from downloads_app.services.accounts import tokens, users
from downloads_app.web.stream import generator
from tests.conftest import bearer
from tests.support.rows import add_download

SUBSCRIBE = "/api/downloads/subscribe"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}, {"Authorization": "Basic YTpi"}])
def test_without_a_good_token_there_is_no_stream(client: FlaskClient, headers: dict[str, str]) -> None:
    answer = client.get(SUBSCRIBE, headers=headers)
    assert (answer.status_code, answer.mimetype) == (401, "application/json")
    assert answer.json["code"] == 401


@pytest.mark.parametrize("end", ["sign out", "disable", "delete", "change the password"])
def test_a_token_that_has_lost_its_right_opens_no_stream(
    client: FlaskClient, alice: User, admin: User, password_hash: str, end: str
) -> None:
    add_download(alice)
    headers = bearer(alice)
    opened = client.get(SUBSCRIBE, headers=headers)
    assert opened.status_code == 200
    opened.close()
    assert client.head(SUBSCRIBE, headers=headers).status_code == 200
    if end == "sign out":
        assert client.post("/api/auth/logout", headers=headers).status_code == 204
    elif end == "disable":
        users.set_disabled(alice, True)
    elif end == "delete":
        users.delete_user(alice)
    else:
        users.set_password_hash(alice.id, password_hash)
    answer = client.get(SUBSCRIBE, headers=headers)
    assert (answer.status_code, answer.mimetype) == (401, "application/json")
    assert client.head(SUBSCRIBE, headers=headers).status_code == 401


def test_any_access_token_of_the_library_under_our_key_is_good(client: FlaskClient, alice: User) -> None:
    add_download(alice)
    raw = create_access_token(identity=alice.id)
    assert tokens.verify(current_settings(), raw).user_id == alice.id
    answer = client.get(SUBSCRIBE, headers={"Authorization": f"Bearer {raw}"})
    assert answer.status_code == 200
    assert b"event: update" in next(answer.iter_encoded())
    answer.close()


def test_the_first_event_alone_tells_when_to_come_back_and_each_client_another_time(
    make_app: Callable[..., Flask], alice: User
) -> None:
    add_download(alice)
    headers = bearer(alice)
    client = make_app(stream_interval_seconds=0.1).test_client()
    told = set()
    for _ in range(5):
        answer = client.get(SUBSCRIBE, headers=headers)
        events = answer.iter_encoded()
        retry = re.search(rb"^retry: (\d+)$", next(events), re.MULTILINE)
        assert retry is not None
        told.add(int(retry[1]))
        assert b"retry:" not in next(events)
        answer.close()
    assert len(told) > 1
    assert all(1000 <= milliseconds <= 3000 for milliseconds in told)


def test_between_events_far_apart_a_comment_keeps_the_connection_alive(
    make_app: Callable[..., Flask], alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generator, "KEEP_ALIVE_SECONDS", 0.2)
    app = make_app(stream_interval_seconds=1)
    with app.app_context():
        add_download(alice)
        answer = app.test_client().get(SUBSCRIBE, headers=bearer(alice))
        pieces = answer.iter_encoded()
        told = [next(pieces)]
        while b"event: " not in told[-1] or len(told) == 1:
            told.append(next(pieces))
        answer.close()
    first, *between, second = told
    assert b"event: update" in first
    assert b"event: update" in second
    assert set(between) == {b": keep-alive\n\n"}
    assert len(between) <= 5
