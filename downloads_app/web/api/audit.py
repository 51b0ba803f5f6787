"""`/api/audit`: who has done what, from where, and when; for admins."""

from collections.abc import Sequence
from typing import Any

from flask.views import MethodView
from flask_smorest.pagination import PaginationParameters
from marshmallow import fields, validate

from downloads_app.models import Act
from downloads_app.services.audit import reading
from downloads_app.web.api.paging import MAX_PAGE_SIZE, ListQuery, read_ids, read_wanted, show, sort_field
from downloads_app.web.api.schemas import Moment, OutputSchema, moment
from downloads_app.web.authentication import admin_required
from downloads_app.web.bodies import Blueprint

blueprint = Blueprint("audit", __name__, url_prefix="/api/audit", description="Who has done what (admins only)")


class AuditQuery(ListQuery):
    """Which entries."""

    user = fields.String(
        validate=validate.Length(1, 80),
        metadata={"description": "the name of who acted, or of whom it is about; `cli` is the command line"},
    )
    action = fields.List(fields.String(validate=validate.OneOf(list(Act))), load_default=list)
    since = Moment("at this time or later")
    until = Moment("before this time")
    sort = sort_field(reading.NEWEST_FIRST, "at")


class AuditEntrySchema(OutputSchema):
    """One act, or several alike that share an entry: `count` says how many, `at` and `last_at` from when to when."""

    id = fields.String()
    at = moment()
    last_at = moment()
    count = fields.Integer()
    action = fields.String(metadata={"enum": list(Act)})
    succeeded = fields.Boolean()
    actor = fields.String(allow_none=True, metadata={"description": "a user's name, or `cli`; null: nobody known"})
    actor_id = fields.String(allow_none=True, metadata={"description": "null for `cli` too"})
    key = fields.String(allow_none=True, metadata={"description": "the name of the API key that was used"})
    username = fields.String(allow_none=True, metadata={"description": "whose account it is about"})
    user_id = fields.String(allow_none=True)
    object_type = fields.String(allow_none=True, metadata={"example": "provider"})
    object_id = fields.String(allow_none=True)
    object_name = fields.String(allow_none=True)
    address = fields.String(allow_none=True, metadata={"description": "from where; forgotten after 90 days"})
    detail = fields.String(allow_none=True)


@blueprint.route("")
class Audit(MethodView):
    """All entries."""

    @admin_required
    @blueprint.arguments(AuditQuery, location="query")
    @blueprint.response(200, AuditEntrySchema(many=True))
    @blueprint.paginate(max_page_size=MAX_PAGE_SIZE)
    def get(self, query: dict[str, Any], pagination_parameters: PaginationParameters) -> Sequence[dict[str, Any]]:
        """List who did what, the newest first."""
        page = reading.page_of_entries(
            read_wanted(query, pagination_parameters),
            user=query.get("user"),
            actions=query["action"],
            since=query.get("since"),
            until=query.get("until"),
            ids=read_ids(query),
        )
        return [reading.as_dict(entry) for entry in show(page, pagination_parameters)]
