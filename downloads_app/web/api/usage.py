"""`/api/usage`: what a user takes and may take."""

from typing import Any

from flask.views import MethodView
from marshmallow import fields

from downloads_app.config import current_settings
from downloads_app.services.documents import describe_usage
from downloads_app.services.downloads import usage
from downloads_app.web.api.schemas import OutputSchema, OwnerQuery
from downloads_app.web.authentication import login_required, user_asked_for
from downloads_app.web.bodies import Blueprint

blueprint = Blueprint("usage", __name__, url_prefix="/api/usage", description="What a user takes")


class UsageSchema(OutputSchema):
    """What a user takes and may take."""

    username = fields.String()
    used_bytes = fields.Integer(metadata={"description": "what lies on the disk for them"})
    quota_bytes = fields.Integer(allow_none=True, metadata={"description": "null: as much as there is room"})
    active_downloads = fields.Integer()


@blueprint.route("")
class OneUsage(MethodView):
    """What a user takes."""

    @login_required
    @blueprint.arguments(OwnerQuery, location="query")
    @blueprint.response(200, UsageSchema)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """Tell what the caller takes and may take, or for an admin what another user does."""
        owner = user_asked_for(query["user_id"])
        return describe_usage(owner, usage.measure(current_settings(), owner))
