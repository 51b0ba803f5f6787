"""`/api/providers/<id>/search` and `/files`: what a provider has. Joins the blueprint of `providers.py`."""

from typing import Any
from uuid import UUID

from flask_smorest.pagination import PaginationParameters
from marshmallow import fields, validate

from downloads_app.services.downloads import plans
from downloads_app.sources import FoundRepository, RemoteFile, registry
from downloads_app.web import upstream
from downloads_app.web.api.paging import MAX_FILES_A_PAGE, MAX_PAGE_SIZE, cut
from downloads_app.web.api.providers import blueprint, find_provider
from downloads_app.web.api.repositories import RemoteFileSchema
from downloads_app.web.api.schemas import InputSchema, OutputSchema, moment
from downloads_app.web.authentication import login_required

FOUND_AT_MOST = 20
MAX_QUESTION_LENGTH = 100


class SearchQuery(InputSchema):
    """What to search for."""

    q = fields.String(
        required=True, validate=validate.Length(1, MAX_QUESTION_LENGTH), metadata={"description": "a part of the name"}
    )


class FoundRepositorySchema(OutputSchema):
    """A repository as its provider tells of it; null for what it does not tell."""

    name = fields.String()
    downloads = fields.Integer(allow_none=True)
    likes = fields.Integer(allow_none=True)
    updated_at = moment(allow_none=True)
    gated = fields.Boolean(attribute="is_gated", allow_none=True)
    licence = fields.String(allow_none=True)


class ContentsQuery(InputSchema):
    """Of which repository, at which revision."""

    repository = fields.String(required=True, metadata={"example": "org/name"})
    revision = fields.String(metadata={"description": "a branch, tag or commit; else the provider's default"})


@blueprint.route("/<uuid:provider_id>/search")
@login_required
@blueprint.arguments(SearchQuery, location="query")
@blueprint.response(200, FoundRepositorySchema(many=True))
@blueprint.alt_response(422, description="The provider's kind has no search")
@blueprint.alt_response(424, description="The provider fails, and why")
def search_provider(query: dict[str, Any], provider_id: UUID) -> list[FoundRepository]:
    """Find repositories by a part of their names, the most fetched first; 20 at most."""
    return upstream.ask(registry.search, find_provider(provider_id), query["q"], FOUND_AT_MOST)


@blueprint.route("/<uuid:provider_id>/files")
@login_required
@blueprint.arguments(ContentsQuery, location="query")
@blueprint.response(200, RemoteFileSchema(many=True))
@blueprint.alt_response(424, description="The provider fails, and why")
@blueprint.paginate(page_size=MAX_PAGE_SIZE, max_page_size=MAX_FILES_A_PAGE)
def list_contents(
    query: dict[str, Any], provider_id: UUID, pagination_parameters: PaginationParameters
) -> list[RemoteFile]:
    """Ask a provider for a repository's files, with sizes and checksums where it knows them; makes no row."""
    listing = upstream.ask(plans.list_remote, find_provider(provider_id), query["repository"], query.get("revision"))
    return cut(listing.files, pagination_parameters)
