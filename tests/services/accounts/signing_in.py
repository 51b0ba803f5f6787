"""A client of the sign-in: what it asks, and times put back."""

from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import SignIn
from downloads_app.services.accounts import tokens, users
from tests.conftest import PASSWORD

LOGIN, REFRESH, ME = "/api/auth/login", "/api/auth/refresh", "/api/auth/me"
OTHER = "a different one altogether"


def header(raw: str) -> dict[str, str]:
    """Return the header that sends a token."""
    return {"Authorization": f"Bearer {raw}"}


def sign_in(client: FlaskClient, password: str = PASSWORD) -> dict[str, Any]:
    """Sign alice in; return her tokens."""
    answer = client.post(LOGIN, json={"username": "alice", "password": password})
    assert answer.status_code == 200, answer.json
    return dict(answer.json or {})


def renew(client: FlaskClient, refresh_token: str) -> dict[str, Any] | None:
    """Return the new tokens, or None where the answer is 401."""
    answer = client.post(REFRESH, headers=header(refresh_token))
    assert answer.status_code in (200, 401), answer.json
    return dict(answer.json or {}) if answer.status_code == 200 else None


def is_let_in(client: FlaskClient, access_token: str) -> bool:
    """Whether an access token is good."""
    return client.get(ME, headers=header(access_token)).status_code == 200


def age(family_of: str, **columns: timedelta) -> None:
    """Put times of the sign-in that a token is of back."""
    family = tokens.identify(current_settings(), family_of).family
    row = db.session.get_one(SignIn, family, populate_existing=True)
    for name, span in columns.items():
        setattr(row, name, getattr(row, name) - span)
    db.session.commit()


def change_password() -> None:
    """Give alice another password."""
    users.set_password(users.find_user("alice"), OTHER)
