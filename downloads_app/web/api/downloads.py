"""`/api/downloads`: everybody's own, and for admins all."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Response, jsonify, url_for
from flask.views import MethodView
from flask_smorest.pagination import PaginationParameters

from downloads_app.config import Settings, current_settings
from downloads_app.models import Download, Provider, User
from downloads_app.services.accounts import users
from downloads_app.services.audit import Actor
from downloads_app.services.downloads import history, lifecycle
from downloads_app.services.providers import catalog
from downloads_app.web.api.download_schemas import (
    STATUSES,
    DeleteQuery,
    DownloadChange,
    DownloadSchema,
    DownloadsQuery,
    NewDownload,
    download_to_json,
)
from downloads_app.web.api.paging import MAX_PAGE_SIZE, read_ids, read_wanted, show
from downloads_app.web.api.providers import find_provider
from downloads_app.web.authentication import current_actor, current_user, login_required, not_allowed
from downloads_app.web.bodies import Blueprint

blueprint = Blueprint("downloads", __name__, url_prefix="/api/downloads", description="Downloads and their progress")


def find_download(download_id: UUID) -> Download:
    """Return a download that the caller may see. Raises NotFound, also if it is another user's."""
    return history.get_download(current_user(), str(download_id))


def find_wanted(body: dict[str, Any]) -> tuple[Provider, str]:
    """Return the provider and the repository's name that a body asks for.

    Raises NotFound, also for the id of a repository that the caller may not see: the answer would tell its name.
    """
    if "repository_id" in body:
        repository = catalog.get_repository(str(body["repository_id"]), current_user())
        return repository.provider, repository.name
    if "provider" in body:
        return catalog.find_provider(body["provider"]), body["repository"]
    return find_provider(body["provider_id"]), body["repository"]


def find_owner(body: dict[str, Any]) -> User:
    """Return the owner of the new download: the caller, or the user that an admin names."""
    caller, username = current_user(), body.get("username")
    if username is None or username == caller.username:
        return caller.user
    if not caller.is_admin:
        raise not_allowed("Only an admin may add downloads for others")
    return users.find_user(username)


@blueprint.route("")
class Downloads(MethodView):
    """All downloads that the caller may see."""

    @login_required
    @blueprint.arguments(DownloadsQuery, location="query")
    @blueprint.response(200, DownloadSchema(many=True))
    @blueprint.paginate(max_page_size=MAX_PAGE_SIZE)
    def get(self, query: dict[str, Any], pagination_parameters: PaginationParameters) -> Response:
        """List downloads, newest first unless `sort` says otherwise."""
        page = history.list_downloads(
            viewer=current_user(),
            statuses=[status for name in query["status"] for status in STATUSES[name]],
            ids=read_ids(query),
            search=query.get("search"),
            since=query.get("since"),
            until=query.get("until"),
            wanted=read_wanted(query, pagination_parameters),
            having={name: str(query[name]) for name in ("user_id", "provider_id", "repository_id") if name in query},
        )
        # `download_to_json` makes what the schema tells; to pass it through the schema would take as long again.
        return jsonify([download_to_json(row, current_user()) for row in show(page, pagination_parameters)])

    @login_required
    @blueprint.arguments(NewDownload)
    @blueprint.response(202, DownloadSchema, headers={"Location": {"description": "where to ask for it"}})
    def post(self, body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        """Queue a download, for an admin also another user's; 409 where the same one is active already."""
        provider, repository = find_wanted(body)
        options = {name: body[name] for name in ("revision", "include", "exclude", "priority")}
        by, owner = current_actor(), find_owner(body)
        download = lifecycle.create(current_settings(), owner, provider, repository, **options, by=by)
        location = url_for("downloads.OneDownload", download_id=download.id)
        return download_to_json(download, current_user()), {"Location": location}


@blueprint.route("/<uuid:download_id>")
class OneDownload(MethodView):
    """One download."""

    @login_required
    @blueprint.response(200, DownloadSchema)
    def get(self, download_id: UUID) -> dict[str, Any]:
        """Show a download."""
        return download_to_json(find_download(download_id), current_user())

    @login_required
    @blueprint.arguments(DownloadChange)
    @blueprint.response(200, DownloadSchema)
    def patch(self, body: dict[str, Any], download_id: UUID) -> dict[str, Any]:
        """Change the priority among the owner's downloads; higher goes first."""
        download = find_download(download_id)
        lifecycle.set_priority(download, body["priority"], current_actor())
        return download_to_json(download, current_user())

    @login_required
    @blueprint.arguments(DeleteQuery, location="query")
    @blueprint.response(
        204,
        headers={"X-Files-Stay": {"description": "`true`: its files stay, as another download has the same folder"}},
    )
    def delete(self, query: dict[str, Any], download_id: UUID) -> tuple[None, dict[str, str]]:
        """Remove a download that is not active, with its files where asked; 409 while it is, or the disk keeps them."""
        download, downloads_dir = find_download(download_id), current_settings().downloads_dir
        are_gone = history.delete(downloads_dir, download, files=query["files"], by=current_actor())
        return None, {} if are_gone else {"X-Files-Stay": "true"}


def _add_action(name: str, action: Callable[[Settings, Download, Actor], None]) -> None:
    """Offer a change of state as `POST /api/downloads/<id>/<name>`."""

    def view(download_id: UUID) -> dict[str, Any]:
        download = find_download(download_id)
        action(current_settings(), download, current_actor())
        return download_to_json(download, current_user())

    view.__name__ = name
    view.__doc__ = f"{action.__doc__}\n\n409 where its present status does not allow it."
    answer = blueprint.response(200, DownloadSchema)(view)
    blueprint.route(f"/<uuid:download_id>/{name}", methods=["POST"])(login_required(answer))


for _name, _action in (
    ("pause", lifecycle.pause),
    ("resume", lifecycle.resume),
    ("cancel", lifecycle.cancel),
    ("retry", lifecycle.retry),
):
    _add_action(_name, _action)
