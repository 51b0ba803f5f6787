"""Wrong passwords: how many, from where, and what is noted. Times pass by putting rows back."""

import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from downloads_app.extensions import db
from downloads_app.models import FailedSignIns, User
from downloads_app.services.accounts import attempts, users
from downloads_app.services.queue import housekeeping
from tests.conftest import PASSWORD, bearer
from tests.support.server import PROJECT
from tests.web.api.attempting import AWAY, HOME, LOGIN, SignIn, let_pass, retry_after
from tests.web.api.calling import without_its_id

pytestmark = pytest.mark.usefixtures("quick_hash")


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
    # Less only by the time that has passed since the failure.
    most = [30, 60, 120, 240, 480, 900, 900, 900]
    assert all(limit / 2 < wait <= limit for wait, limit in zip(waits, most, strict=True)), waits


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
        assert without_its_id(known) == without_its_id(unknown)
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


def test_a_session_cannot_be_used_to_guess_the_password(client: FlaskClient, alice: User, attempt: SignIn) -> None:
    headers = bearer(alice)

    def change(current: str) -> int:
        body = {"current_password": current, "new_password": "a whole new one"}
        return client.put("/api/auth/password", json=body, headers=headers).status_code

    assert [change("wrong") for _ in range(7)] == [403] * 5 + [429] * 2
    assert change(PASSWORD) == 429
    assert attempt(PASSWORD, address="127.0.0.1").status_code == 429  # where these came from


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
