"""`/api/users`: who has an account; for admins."""

from typing import Any
from uuid import UUID

from flask.views import MethodView
from flask_smorest.pagination import PaginationParameters
from marshmallow import fields, validate

from downloads_app.config import current_settings
from downloads_app.models import User
from downloads_app.services.accounts import changes, passwords, users
from downloads_app.services.documents import describe_user
from downloads_app.services.files import folders
from downloads_app.services.names import FOLDER_NAME
from downloads_app.web.api.download_schemas import DeleteQuery
from downloads_app.web.api.paging import MAX_PAGE_SIZE, ListQuery, read_ids, read_wanted, show, sort_field
from downloads_app.web.api.schemas import InputSchema, UserSchema, WholeNumber, YesOrNo
from downloads_app.web.authentication import admin_required, current_actor
from downloads_app.web.bodies import Blueprint
from downloads_app.web.hashing import hash_in_turn
from downloads_app.web.long_work import do_long_work

ROLE = validate.OneOf(["user", "admin"])
PASSWORD = validate.Length(1, passwords.MAX_TRIED_BYTES)

blueprint = Blueprint("users", __name__, url_prefix="/api/users", description="Accounts (admins only)")


class UsersQuery(ListQuery):
    """Which users."""

    username = fields.String()
    role = fields.String(validate=ROLE)
    disabled = fields.Boolean()
    sort = sort_field("username", "username", "created_at", "updated_at")


class NewUser(InputSchema):
    """An account to create."""

    username = fields.String(required=True, metadata={"pattern": f"^{FOLDER_NAME.pattern}$"})
    password = fields.String(required=True, validate=PASSWORD, load_only=True)
    role = fields.String(load_default="user", validate=ROLE)


class UserChange(InputSchema):
    """What to change of an account."""

    role = fields.String(validate=ROLE)
    disabled = YesOrNo()
    password = fields.String(validate=PASSWORD, load_only=True)
    quota_bytes = WholeNumber(
        allow_none=True,
        validate=validate.Range(0, changes.MAX_QUOTA_BYTES),
        metadata={"description": "null: the general one"},
    )


def _find(user_id: UUID) -> User:
    return users.get_user(str(user_id))


@blueprint.route("")
class Users(MethodView):
    """All accounts."""

    @admin_required
    @blueprint.arguments(UsersQuery, location="query")
    @blueprint.response(200, UserSchema(many=True))
    @blueprint.paginate(max_page_size=MAX_PAGE_SIZE)
    def get(self, query: dict[str, Any], pagination_parameters: PaginationParameters) -> list[dict[str, Any]]:
        """List accounts."""
        having: dict[str, Any] = {name: query[name] for name in ("username",) if name in query}
        having |= {"is_admin": query["role"] == "admin"} if "role" in query else {}
        having |= {"is_disabled": query["disabled"]} if "disabled" in query else {}
        page = users.page_of_users(read_wanted(query, pagination_parameters), having, read_ids(query))
        return [describe_user(row) for row in show(page, pagination_parameters)]

    @admin_required
    @blueprint.arguments(NewUser)
    @blueprint.response(201, UserSchema)
    def post(self, body: dict[str, Any]) -> dict[str, Any]:
        """Create an account; 409 where the name is taken, or an earlier user's folder of that name is still there."""
        password_hash = hash_in_turn(passwords.hash_password, body["password"], body["username"])
        is_admin, downloads_dir = body["role"] == "admin", current_settings().downloads_dir
        by = current_actor()
        added = users.add_user(downloads_dir, body["username"], password_hash, is_admin, must_change=True, by=by)
        return describe_user(added)


@blueprint.route("/<uuid:user_id>")
class OneUser(MethodView):
    """One account."""

    @admin_required
    @blueprint.response(200, UserSchema)
    def get(self, user_id: UUID) -> dict[str, Any]:
        """Show an account."""
        return describe_user(_find(user_id))

    @admin_required
    @blueprint.arguments(UserChange)
    @blueprint.response(200, UserSchema)
    def patch(self, body: dict[str, Any], user_id: UUID) -> dict[str, Any]:
        """Change role, password, quota or whether it is disabled: all of it, or with an error nothing.

        The last admin stays one (409).
        """
        user, by, password_hash = _find(user_id), current_actor(), None
        if "password" in body:
            password_hash = hash_in_turn(passwords.hash_password, body["password"], user.username)
            user = _find(user_id)
        wanted = changes.Change(
            password_hash=password_hash,
            is_admin=body["role"] == "admin" if "role" in body else None,
            is_disabled=body.get("disabled"),
            quota_bytes=body.get("quota_bytes", changes.UNCHANGED),
        )
        return describe_user(changes.change(user, wanted, by=by))

    @admin_required
    @blueprint.arguments(DeleteQuery, location="query")
    @blueprint.response(204)
    def delete(self, query: dict[str, Any], user_id: UUID) -> None:
        """Delete an account with the rows of its downloads; the last admin stays (409).

        With `files=true` all their files go too: the account is disabled first, and while a worker is just
        stopping one of its downloads the answer is 409; try again. Without it the files stay, and while they do
        no other account of that name can be created.
        """
        user, by = _find(user_id), current_actor()
        if query["files"]:
            do_long_work(folders.remove_tree, users.close(current_settings().downloads_dir, user, by=by))
        users.delete_user(user, by=by)
