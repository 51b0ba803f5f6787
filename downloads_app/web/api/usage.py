"""`/api/usage`: what a user takes and may take."""

from typing import Any

from flask.views import MethodView
from marshmallow import fields

from downloads_app.errors import NotFound
from downloads_app.services.accounts import users
from downloads_app.services.downloads import usage
from downloads_app.services.downloads.usage import Usage
from downloads_app.web.api.schemas import InputSchema, OutputSchema
from downloads_app.web.authentication import current_user, login_required
from downloads_app.web.bodies import Blueprint

blueprint = Blueprint("usage", __name__, url_prefix="/api/usage", description="What a user takes")


class UsageQuery(InputSchema):
    """Whose."""

    user_id = fields.UUID(metadata={"description": "for admins: somebody else's"})


class UsageSchema(OutputSchema):
    """What a user takes and may take."""

    used_bytes = fields.Integer(metadata={"description": "what lies on the disk for them"})
    quota_bytes = fields.Integer(allow_none=True, metadata={"description": "null: as much as there is room"})
    active_downloads = fields.Integer()


@blueprint.route("")
class OneUsage(MethodView):
    """What a user takes."""

    @login_required
    @blueprint.arguments(UsageQuery, location="query")
    @blueprint.response(200, UsageSchema)
    def get(self, query: dict[str, Any]) -> Usage:
        """Tell what the caller takes and may take, or for an admin what another user does."""
        user_id = str(query.get("user_id", current_user().id))
        if user_id != current_user().id and not current_user().is_admin:
            raise NotFound(f"There is no user {user_id}")
        return usage.measure(users.get_user(user_id))
