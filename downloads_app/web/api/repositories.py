"""`/api/repositories`: what has a row because somebody downloaded it, and what a provider lists in it now."""

from typing import Any
from uuid import UUID

from flask.views import MethodView
from flask_smorest.pagination import PaginationParameters
from marshmallow import fields, validate

from downloads_app.models import Repository
from downloads_app.services.documents import describe_repository
from downloads_app.services.downloads import plans
from downloads_app.services.providers import catalog
from downloads_app.sources import RemoteFile
from downloads_app.web import upstream
from downloads_app.web.api.download_schemas import MAX_SEARCH_LENGTH
from downloads_app.web.api.paging import (
    MAX_FILES_A_PAGE,
    MAX_PAGE_SIZE,
    ListQuery,
    cut,
    read_ids,
    read_wanted,
    show,
    sort_field,
)
from downloads_app.web.api.schemas import InputSchema, OutputSchema, moment
from downloads_app.web.authentication import current_user, login_required
from downloads_app.web.bodies import Blueprint

blueprint = Blueprint("repositories", __name__, url_prefix="/api/repositories", description="Collections of files")


class RepositorySchema(OutputSchema):
    """A named collection of files at a provider."""

    id = fields.String()
    provider_id = fields.String()
    name = fields.String()
    created_at = moment()


class RepositoriesQuery(ListQuery):
    """Which repositories."""

    provider_id = fields.UUID()
    name = fields.String(metadata={"description": "the whole name"})
    search = fields.String(
        validate=validate.Length(1, MAX_SEARCH_LENGTH), metadata={"description": "a part of the name"}
    )
    sort = sort_field("name", "name", "created_at")


class FilesQuery(InputSchema):
    """At which revision."""

    revision = fields.String(metadata={"description": "a branch, tag or commit; else the provider's default"})


class RemoteFileSchema(OutputSchema):
    """A file as its provider lists it."""

    path = fields.String()
    size_bytes = fields.Integer(allow_none=True)
    sha256 = fields.String(allow_none=True)
    md5 = fields.String(allow_none=True, metadata={"description": "what an object store tells of it, if no SHA-256"})
    git_sha1 = fields.String(allow_none=True, metadata={"description": "git's name for its content"})


def find_repository(repository_id: UUID) -> Repository:
    """Return a repository that the caller may see. Raises NotFound, also if only other users have downloads of it."""
    return catalog.get_repository(str(repository_id), current_user())


@blueprint.route("")
class Repositories(MethodView):
    """The repositories that the caller may see."""

    @login_required
    @blueprint.arguments(RepositoriesQuery, location="query")
    @blueprint.response(200, RepositorySchema(many=True))
    @blueprint.paginate(max_page_size=MAX_PAGE_SIZE)
    def get(self, query: dict[str, Any], pagination_parameters: PaginationParameters) -> list[dict[str, Any]]:
        """List what the caller has downloads of; an admin is shown all."""
        page = catalog.page_of_repositories(
            current_user(),
            read_wanted(query, pagination_parameters),
            {name: str(query[name]) for name in ("provider_id", "name") if name in query},
            search=query.get("search"),
            ids=read_ids(query),
        )
        return [describe_repository(row) for row in show(page, pagination_parameters)]


@blueprint.route("/<uuid:repository_id>")
class OneRepository(MethodView):
    """One repository."""

    @login_required
    @blueprint.response(200, RepositorySchema)
    def get(self, repository_id: UUID) -> dict[str, Any]:
        """Show a repository."""
        return describe_repository(find_repository(repository_id))


@blueprint.route("/<uuid:repository_id>/files")
class RepositoryFiles(MethodView):
    """What a provider lists in a repository now."""

    @login_required
    @blueprint.arguments(FilesQuery, location="query")
    @blueprint.response(200, RemoteFileSchema(many=True))
    @blueprint.alt_response(424, description="The provider fails, and why")
    @blueprint.paginate(page_size=MAX_PAGE_SIZE, max_page_size=MAX_FILES_A_PAGE)
    def get(
        self, query: dict[str, Any], repository_id: UUID, pagination_parameters: PaginationParameters
    ) -> list[RemoteFile]:
        """Ask the provider for the files, with sizes and checksums where it knows them."""
        repository = find_repository(repository_id)
        listing = upstream.ask(plans.list_remote, repository.provider, repository.name, query.get("revision"))
        return cut(listing.files, pagination_parameters)
