"""Attempts to sign in: from where, and what passes between them."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select
from werkzeug.test import TestResponse

from downloads_app.extensions import db
from downloads_app.models import FailedSignIns
from downloads_app.services.accounts import attempts

LOGIN = "/api/auth/login"
HOME, AWAY = "192.0.2.1", "198.51.100.1"

SignIn = Callable[..., TestResponse]


def let_pass(seconds: float) -> None:
    """Put all that is counted back in time."""
    for row in db.session.scalars(select(FailedSignIns)):
        row.began_at -= timedelta(seconds=seconds)
        row.last_at -= timedelta(seconds=seconds)
    db.session.commit()


def retry_after(answer: TestResponse) -> int:
    """Return how many seconds a 429 says to wait."""
    assert answer.status_code == 429
    return int(answer.headers["Retry-After"])


def guess_from_many_places(attempt: SignIn, name: str = "alice") -> None:
    """Reach the limit of an account, from so many addresses that none of them has to wait."""
    for number in range(attempts.ACCOUNT_FAILURES):
        assert attempt(name=name, address=f"203.0.113.{number}").status_code == 401
