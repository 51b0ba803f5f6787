"""`/api/limits`."""

from flask.testing import FlaskClient

from downloads_app.config import Settings, current_settings
from downloads_app.models import User
from downloads_app.web.api.limits import LIMITS
from tests.conftest import bearer


def test_admins_read_which_limits_hold(client: FlaskClient, alice: User, admin: User) -> None:
    assert client.get("/api/limits", headers=bearer(alice)).status_code == 403
    told = client.get("/api/limits", headers=bearer(admin)).json
    assert list(told or {}) == list(LIMITS)
    assert told["stream_max"] == current_settings().stream_max
    assert told["user_quota_bytes"] is None


def test_the_limits_are_settings() -> None:
    assert set(LIMITS) <= set(Settings.model_fields)
