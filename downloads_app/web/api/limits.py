"""`/api/limits`: which limits hold; for admins. They are settings of the service, so here they are only read."""

from typing import Any, Final

from flask.views import MethodView
from marshmallow import fields

from downloads_app.config import current_settings
from downloads_app.web.api.schemas import OutputSchema
from downloads_app.web.authentication import admin_required
from downloads_app.web.bodies import Blueprint

blueprint = Blueprint("limits", __name__, url_prefix="/api/limits", description="Limits that hold (admins only)")

LIMITS: Final = (
    "max_active_downloads_per_user",
    "max_downloads_per_user",
    "max_requests_per_user",
    "user_quota_bytes",
    "worker_concurrency",
    "connections_per_file",
    "max_bytes_per_second",
    "lease_seconds",
    "stream_max",
    "stream_max_per_user",
    "access_token_seconds",
    "refresh_token_seconds",
    "session_seconds",
)
"""The settings that are shown, by the names of their variables in small letters."""

LimitsSchema = OutputSchema.from_dict(
    {
        name: fields.Float(allow_none=True, metadata={"description": f"the setting {name.upper()}; null: no limit"})
        for name in LIMITS
    },
    name="LimitsSchema",
)


@blueprint.route("")
class Limits(MethodView):
    """The limits that hold."""

    @admin_required
    @blueprint.response(200, LimitsSchema, description="The limits that hold; null where there is none.")
    def get(self) -> dict[str, Any]:
        """Tell the limits as this process has read them; a worker elsewhere may have been started with others."""
        settings = current_settings()
        return {name: getattr(settings, name) for name in LIMITS}
