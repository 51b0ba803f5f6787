"""Wrong passwords: how many, from where, and who is let in all the same. Times pass by putting rows back."""

import logging
import re
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import FailedSignIns, User
from downloads_app.services.accounts import attempts, passwords, users
from downloads_app.services.queue import housekeeping
from downloads_app.web import hashing
from tests.conftest import PASSWORD, bearer
from tests.support.server import PROJECT

LOGIN = "/api/auth/login"
HOME, AWAY = "192.0.2.1", "198.51.100.1"

SignIn = Callable[..., TestResponse]


@pytest.fixture(autouse=True)
def quick_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare without hashing: these tests make hundreds of attempts, and hashing is slow by design."""
    monkeypatch.setattr(passwords, "matches", lambda stored, password: stored is not None and password == PASSWORD)


@pytest.fixture
def attempt(app: Flask) -> SignIn:
    """Try to sign in as a client that keeps no cookies, unless one is given."""

    def ask(
        password: str = "wrong", name: str = "alice", address: str = HOME, client: FlaskClient | None = None
    ) -> TestResponse:
        client = client or app.test_client(use_cookies=False)
        body = {"username": name, "password": password}
        return client.post(LOGIN, json=body, environ_base={"REMOTE_ADDR": address})

    return ask


def let_pass(seconds: float) -> None:
    """Put all that is counted back in time."""
    for row in db.session.scalars(select(FailedSignIns)):
        row.began_at -= timedelta(seconds=seconds)
        row.last_at -= timedelta(seconds=seconds)
    db.session.commit()


def retry_after(answer: TestResponse) -> int:
    assert answer.status_code == 429
    return int(answer.headers["Retry-After"])


def test_after_five_failures_an_account_waits_at_that_address_alone(alice: User, bob: User, attempt: SignIn) -> None:
    assert [attempt().status_code for _ in range(7)] == [401] * 5 + [429] * 2
    assert 0 < retry_after(attempt(PASSWORD)) <= attempts.FIRST_WAIT_SECONDS
    assert attempt(PASSWORD, "bob").status_code == 200
    assert attempt(PASSWORD, address=AWAY).status_code == 200


def test_each_failure_after_a_wait_doubles_it_up_to_fifteen_minutes(alice: User, attempt: SignIn) -> None:
    for _ in range(attempts.ACCOUNT_AND_ADDRESS_FAILURES):
        attempt()
    waits = []
    for _ in range(8):
        waits.append(retry_after(attempt()))
        let_pass(waits[-1])
        assert attempt().status_code == 401
    assert waits == [30, 60, 120, 240, 480, 900, 900, 900]


def test_a_right_password_after_the_wait_clears_the_account_there(alice: User, attempt: SignIn) -> None:
    for _ in range(attempts.ACCOUNT_AND_ADDRESS_FAILURES):
        attempt()
    let_pass(attempts.FIRST_WAIT_SECONDS)
    assert attempt(PASSWORD).status_code == 200
    assert [attempt().status_code for _ in range(6)] == [401] * 5 + [429]


def test_failures_that_lie_far_apart_are_none(alice: User, attempt: SignIn) -> None:
    for _ in range(4):
        assert attempt().status_code == 401
    let_pass(attempts.WINDOW_SECONDS + 1)
    assert [attempt().status_code for _ in range(6)] == [401] * 5 + [429]
    let_pass(attempts.WINDOW_SECONDS + attempts.MAX_WAIT_SECONDS + 1)
    assert [attempt().status_code for _ in range(6)] == [401] * 5 + [429]


@pytest.mark.parametrize("name", ["nobody", "a password typed as a name", "x" * 200, "ünknown"])
def test_names_that_do_not_exist_are_counted_and_answered_alike(alice: User, attempt: SignIn, name: str) -> None:
    answers = [(attempt(), attempt(name=name, address=AWAY)) for _ in range(7)]
    for known, unknown in answers:
        assert known.status_code == unknown.status_code
        assert known.data == unknown.data
        assert list(known.headers.keys()) == list(unknown.headers.keys())


@pytest.mark.parametrize(
    ("addresses", "is_one"),
    [
        (lambda number: HOME, True),
        (lambda number: f"2001:db8:1:2::{number:x}", True),
        (lambda number: f"::ffff:{HOME}", True),
        (lambda number: f"2001:db8:1:{number:x}::1", False),
        (lambda number: f"198.51.100.{number}", False),
    ],
)
def test_fifty_failures_of_an_address_stop_it_for_all_names(
    attempt: SignIn, addresses: Callable[[int], str], is_one: bool
) -> None:
    """Of IPv6 a /64 counts as one address: whoever has one has all of it."""
    for number in range(attempts.ADDRESS_FAILURES):
        assert attempt(name=f"user-{number}", address=addresses(number)).status_code == 401
    assert attempt(name="one-more", address=addresses(99)).status_code == (429 if is_one else 401)


def test_an_address_counts_only_where_a_trusted_proxy_vouches_for_it(
    make_app: Callable[..., Flask], alice: User
) -> None:
    """Else everybody would give themselves a new address for each attempt."""

    def statuses(app: Flask) -> list[int]:
        client = app.test_client(use_cookies=False)
        body = {"username": "alice", "password": "wrong"}
        return [
            client.post(LOGIN, json=body, headers={"X-Forwarded-For": f"203.0.113.{number}"}).status_code
            for number in range(7)
        ]

    assert statuses(make_app()) == [401] * 5 + [429] * 2
    assert statuses(make_app(trusted_proxies="127.0.0.1")) == [401] * 7


def guess_from_many_places(attempt: SignIn, name: str = "alice") -> None:
    """Reach the limit of an account, from so many addresses that none of them has to wait."""
    for number in range(attempts.ACCOUNT_FAILURES):
        assert attempt(name=name, address=f"203.0.113.{number}").status_code == 401


def test_over_twenty_failures_of_an_account_stop_everybody_but_its_own_browsers(
    app: Flask, alice: User, bob: User, attempt: SignIn
) -> None:
    """So nobody locks the owner out."""
    own, others = app.test_client(), app.test_client()
    assert attempt(PASSWORD, client=own).status_code == 200
    assert attempt(PASSWORD, "bob", client=others).status_code == 200
    guess_from_many_places(attempt)
    assert attempt(PASSWORD, address=AWAY).status_code == 429
    assert attempt(PASSWORD, client=others).status_code == 429  # it knows bob, not alice
    assert attempt(PASSWORD, client=own).status_code == 200
    assert attempt(PASSWORD, client=own, address=AWAY).status_code == 200
    let_pass(attempts.WINDOW_SECONDS - 60)
    assert 0 < retry_after(attempt(PASSWORD, address=AWAY)) <= 60
    assert attempt(PASSWORD, client=own).status_code == 200
    let_pass(60)
    assert attempt(PASSWORD, address=AWAY).status_code == 200


def test_a_known_browser_has_five_tries_of_its_own(app: Flask, alice: User, attempt: SignIn) -> None:
    own = app.test_client()
    attempt(PASSWORD, client=own)
    assert [attempt(client=own, address=f"203.0.113.{n}").status_code for n in range(7)] == [401] * 5 + [429] * 2
    assert attempt(PASSWORD, address=AWAY).status_code == 200  # elsewhere nothing has happened


@pytest.mark.parametrize("change", [lambda v: v[:-1] + ("0" if v[-1] != "0" else "1"), lambda v: "", lambda v: "é.é"])
def test_a_device_cookie_that_we_did_not_sign_is_none(
    app: Flask, alice: User, attempt: SignIn, change: Callable[[str], str]
) -> None:
    name = attempts.name_device_cookie(current_settings(), "alice")
    own = app.test_client()
    attempt(PASSWORD, client=own)
    given = own.get_cookie(name, path="/api/auth")
    assert given is not None
    assert given.http_only
    assert "alice" not in f"{name} {given.value}"
    guess_from_many_places(attempt)
    own.set_cookie(name, change(given.value), path="/api/auth")
    assert attempt(PASSWORD, client=own).status_code == 429


def test_a_session_cannot_be_used_to_guess_the_password(client: FlaskClient, alice: User, attempt: SignIn) -> None:
    headers = bearer(alice)

    def change(current: str) -> int:
        body = {"current_password": current, "new_password": "a whole new one"}
        return client.put("/api/auth/password", json=body, headers=headers).status_code

    assert [change("wrong") for _ in range(7)] == [403] * 5 + [429] * 2
    assert change(PASSWORD) == 429
    assert attempt(PASSWORD, address="127.0.0.1").status_code == 429  # where these came from


def test_of_many_attempts_at_once_no_more_than_the_limit_learn_anything(
    app: Flask, alice: User, attempt: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All have been let pass before the first one was found to be wrong; one of them is right."""
    crowd = 12
    together = threading.Barrier(crowd)
    compare = passwords.matches

    def wait_for_all(stored: str | None, password: str) -> bool:
        together.wait(30)
        return compare(stored, password)

    monkeypatch.setattr(passwords, "matches", wait_for_all)
    monkeypatch.setattr("downloads_app.web.api.auth.hash_in_turn", lambda function, *args: function(*args))
    statuses: list[int] = []

    def ask() -> None:
        statuses.append(attempt().status_code)

    threads = [threading.Thread(target=ask) for _ in range(crowd)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(statuses) == [401] * 5 + [429] * (crowd - 5)


def test_one_password_is_hashed_at_a_time_sixteen_wait_and_others_are_told(
    app: Flask, alice: User, attempt: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work, most, go_on = [], [], threading.Event()

    def hold(stored: str | None, password: str) -> bool:
        at_work.append(1)
        most.append(len(at_work))
        go_on.wait(30)
        at_work.pop()
        return stored is not None

    monkeypatch.setattr(passwords, "matches", hold)
    answers: list[TestResponse] = []
    arrived = threading.Semaphore(0)
    take_place = hashing._places.acquire

    def take(blocking: bool = True) -> bool:
        taken = take_place(blocking=blocking)
        arrived.release()
        return taken

    monkeypatch.setattr(hashing._places, "acquire", take)
    threads = [threading.Thread(target=lambda: answers.append(attempt(PASSWORD))) for _ in range(17)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert arrived.acquire(timeout=60)
    crowded = attempt(PASSWORD)
    assert (crowded.status_code, crowded.headers["Retry-After"]) == (503, "1")
    go_on.set()
    for thread in threads:
        thread.join(60)
    assert [answer.status_code for answer in answers] == [200] * 17
    assert set(most) == {1}
    assert attempt(PASSWORD).status_code == 200


def test_each_failure_is_a_line_for_fail2ban_that_never_holds_the_name(
    app: Flask, alice: User, attempt: SignIn, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for name in ("alice", "hunter2-typed-as-name"):
        for _ in range(6):
            attempt(name=name, address="2001:db8::7")
    attempt(name="alice", address="not an\naddress")
    attempt(PASSWORD, address=AWAY)
    lines = [record.getMessage() for record in caplog.records]
    failures = [line for line in lines if "failed sign-in" in line]
    assert len(failures) == 13
    assert "hunter2" not in caplog.text
    assert "alice" not in caplog.text
    assert "\naddress" not in caplog.text
    pattern = read_filter(PROJECT / "deploy/fail2ban/filter.d/downloads-app.conf")
    found = [match["host"] for line in failures if (match := pattern.search(line))]
    assert found == ["2001:db8::7"] * 12


def read_filter(path: Path) -> re.Pattern[str]:
    """Return fail2ban's filter as the regular expression that it makes of it, as far as an address goes."""
    line = next(line for line in path.read_text().splitlines() if line.startswith("failregex"))
    return re.compile(line.partition("=")[2].strip().replace("<ADDR>", r"(?P<host>[0-9a-f:.]+)"))


def test_no_name_stands_in_a_row_and_old_rows_go(alice: User, attempt: SignIn) -> None:
    attempt()
    attempt(name="hunter2-typed-as-name")
    rows: list[Any] = list(db.session.scalars(select(FailedSignIns)))
    assert {len(row.key) for row in rows} == {64}
    let_pass(housekeeping.FAILURES_KEPT_SECONDS + 1)
    housekeeping.remove_old_rows()
    assert db.session.scalars(select(FailedSignIns.key)).all() == []


def test_a_disabled_users_right_password_looks_like_a_wrong_one(alice: User, admin: User, attempt: SignIn) -> None:
    users.set_disabled(alice, True)
    assert [attempt(PASSWORD).status_code for _ in range(6)] == [401] * 5 + [429]


def test_whoever_is_let_in_leaves_no_row(alice: User, attempt: SignIn) -> None:
    for _ in range(60):
        assert attempt(PASSWORD).status_code == 200
    assert db.session.scalars(select(FailedSignIns.key)).all() == []
