"""`/api/auth/sessions`: where one is signed in, and ending that from elsewhere."""

from typing import Any

from flask import g
from flask.views import MethodView
from flask_smorest.pagination import PaginationParameters
from marshmallow import fields

from downloads_app.config import current_settings
from downloads_app.services.accounts import sessions
from downloads_app.services.documents import describe_session
from downloads_app.web.api.paging import MAX_PAGE_SIZE, ListQuery, read_ids, read_wanted, show, sort_field
from downloads_app.web.api.schemas import OutputSchema, OwnerQuery, moment
from downloads_app.web.authentication import current_actor, current_user, login_required_without_key, user_asked_for
from downloads_app.web.bodies import Blueprint

blueprint = Blueprint("sessions", __name__, url_prefix="/api/auth/sessions", description="Where one is signed in")


class SessionsQuery(ListQuery, OwnerQuery):
    """Whose sessions, in which order."""

    sort = sort_field("-created_at", "created_at")


class SessionSchema(OutputSchema):
    """One sign-in and what became of it."""

    id = fields.String()
    created_at = moment("when the password was given")
    last_used_at = moment("when a request last came from it, to the minute")
    address = fields.String(allow_none=True, metadata={"description": "from where; null for one of an older version"})
    client = fields.String(allow_none=True, metadata={"description": "its `User-Agent`, the first 200 characters"})
    is_current = fields.Boolean(metadata={"description": "whether this request belongs to it"})


@blueprint.route("")
class Sessions(MethodView):
    """All sessions of a user."""

    @login_required_without_key
    @blueprint.arguments(SessionsQuery, location="query")
    @blueprint.response(200, SessionSchema(many=True))
    @blueprint.paginate(max_page_size=MAX_PAGE_SIZE)
    def get(self, query: dict[str, Any], pagination_parameters: PaginationParameters) -> list[dict[str, Any]]:
        """List one's own sessions, the newest first, or for an admin somebody else's.

        A token that was issued without a sign-in (`users token`) belongs to none.
        """
        owner = user_asked_for(query["user_id"])
        wanted, most_seconds = read_wanted(query, pagination_parameters), current_settings().session_seconds
        page = sessions.page_of_sign_ins(owner.id, wanted, most_seconds, read_ids(query))
        return [describe_session(row, g.token.family) for row in show(page, pagination_parameters)]

    @login_required_without_key
    @blueprint.arguments(OwnerQuery, location="query")
    @blueprint.response(204)
    def delete(self, query: dict[str, Any]) -> None:
        """End all sessions but the one that asks; an admin ends all of somebody else's.

        Their tokens are refused from now on, and their open streams end within a tick.
        """
        owner = user_asked_for(query["user_id"])
        sessions.end_all_but(current_settings(), owner.id, g.token.family, by=current_actor())


@blueprint.route("/<string:session_id>")
class OneSession(MethodView):
    """One session."""

    @login_required_without_key
    @blueprint.arguments(OwnerQuery, location="query")
    @blueprint.response(204)
    def delete(self, query: dict[str, Any], session_id: str) -> None:
        """End one's own session, or for an admin anybody's; its open streams end within a tick."""
        owner = user_asked_for(query["user_id"])
        is_anybodys = query["user_id"] is None and current_user().is_admin
        whose = None if is_anybodys else owner.id
        sessions.end_one(current_settings(), session_id, whose, by=current_actor())
