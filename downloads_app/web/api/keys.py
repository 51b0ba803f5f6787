"""`/api/keys`: what a user's programs show in place of a password."""

from datetime import UTC
from typing import Any
from uuid import UUID

from flask import url_for
from flask.views import MethodView
from flask_smorest.pagination import PaginationParameters
from marshmallow import fields, validate

from downloads_app.services.accounts import keys
from downloads_app.services.documents import describe_key
from downloads_app.web.api.paging import MAX_PAGE_SIZE, ListQuery, read_ids, read_wanted, show, sort_field
from downloads_app.web.api.schemas import InputSchema, OutputSchema, moment
from downloads_app.web.authentication import current_actor, current_user, login_required_without_key
from downloads_app.web.bodies import Blueprint

SCOPE = validate.OneOf(keys.SCOPES)

blueprint = Blueprint("keys", __name__, url_prefix="/api/keys", description="API keys, for programs")


class KeysQuery(ListQuery):
    """In which order."""

    sort = sort_field("-created_at", "created_at")


class NewKey(InputSchema):
    """A key to make."""

    name = fields.String(
        required=True,
        validate=validate.Length(1, keys.MAX_NAME_LENGTH),
        metadata={"description": "what it is for", "example": "ci"},
    )
    scopes = fields.List(
        fields.String(validate=SCOPE),
        load_default=list(keys.SCOPES),
        validate=validate.Length(1),
        metadata={"description": "`read`: safe methods and the stream; `write`: all other methods"},
    )
    expires_at = fields.AwareDateTime(
        format="iso",
        default_timezone=UTC,
        allow_none=True,
        load_default=None,
        metadata={"description": "null: it does not expire"},
    )


class KeySchema(OutputSchema):
    """A key, without the key itself."""

    id = fields.String()
    username = fields.String()
    name = fields.String()
    hint = fields.String(metadata={"description": "how the key begins", "example": "dla_3kZ9"})
    scopes = fields.List(fields.String(validate=SCOPE))
    created_at = moment()
    expires_at = moment("null: never", allow_none=True)
    last_used_at = moment("to the minute; null: never", allow_none=True)


class MadeKeySchema(KeySchema):
    """A key that was just made."""

    key = fields.String(metadata={"description": "the key itself, shown this once"})


@blueprint.route("")
class Keys(MethodView):
    """All keys of the caller."""

    @login_required_without_key
    @blueprint.arguments(KeysQuery, location="query")
    @blueprint.response(200, KeySchema(many=True))
    @blueprint.paginate(max_page_size=MAX_PAGE_SIZE)
    def get(self, query: dict[str, Any], pagination_parameters: PaginationParameters) -> list[dict[str, Any]]:
        """List one's own keys, the newest first; expired ones too."""
        page = keys.page_of_keys(read_wanted(query, pagination_parameters), current_user().id, read_ids(query))
        return [describe_key(row) for row in show(page, pagination_parameters)]

    @login_required_without_key
    @blueprint.arguments(NewKey)
    @blueprint.response(201, MadeKeySchema, headers={"Location": {"description": "where to revoke it"}})
    def post(self, body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        """Make a key; the answer alone shows it. 409 where one has as many as a user can have."""
        made, raw = keys.create_key(current_user().id, **body, by=current_actor())
        location = url_for("keys.OneKey", key_id=made.id)
        return describe_key(made) | {"key": raw}, {"Location": location}


@blueprint.route("/<uuid:key_id>")
class OneKey(MethodView):
    """One key."""

    @login_required_without_key
    @blueprint.response(204)
    def delete(self, key_id: UUID) -> None:
        """Revoke one's own key: it is refused from now on, and its open streams end within a tick."""
        keys.revoke_key(str(key_id), current_user().id, by=current_actor())
