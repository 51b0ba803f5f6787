"""`/api/providers`: where repositories come from; everybody reads, admins change."""

from typing import Any
from uuid import UUID

from flask.views import MethodView
from flask_smorest.pagination import PaginationParameters
from marshmallow import fields, validate

from downloads_app.config import current_settings
from downloads_app.models import Provider
from downloads_app.services.documents import describe_provider
from downloads_app.services.providers import catalog
from downloads_app.services.providers.address_lists import check_address_list
from downloads_app.services.providers.secrets import check_client_certificate
from downloads_app.services.queue import pauses
from downloads_app.web.api.paging import MAX_PAGE_SIZE, ListQuery, read_ids, read_wanted, show, sort_field
from downloads_app.web.api.schemas import InputSchema, OutputSchema, WholeNumber, YesOrNo, moment
from downloads_app.web.authentication import admin_required, current_actor, current_user, login_required
from downloads_app.web.bodies import Blueprint
from downloads_app.web.offload import offload

blueprint = Blueprint("providers", __name__, url_prefix="/api/providers", description="Where repositories come from")


FOR_ADMINS = {"description": "how it is reached: null for others than admins"}


class ProviderSchema(OutputSchema):
    """A provider. Its secrets and its proxy's address can be written, never read back."""

    id = fields.String()
    name = fields.String()
    kind = fields.String(metadata={"enum": list(catalog.KINDS)})
    can_search = fields.Boolean()
    url = fields.String()
    has_token = fields.Boolean()
    has_password = fields.Boolean()
    has_header = fields.Boolean()
    has_client_certificate = fields.Boolean()
    has_proxy = fields.Boolean(allow_none=True, metadata=FOR_ADMINS)
    allow_private_network = fields.Boolean(allow_none=True, metadata=FOR_ADMINS)
    allow_hosts = fields.List(fields.String(), allow_none=True, metadata=FOR_ADMINS)
    ca_file = fields.String(allow_none=True, metadata={"description": "a path on the server; else as above"})
    region = fields.String(allow_none=True)
    max_connections = fields.Integer(allow_none=True)
    paused_at = moment("nothing is fetched since then", allow_none=True)
    created_at = moment()
    updated_at = moment()


class ProvidersQuery(ListQuery):
    """Which providers."""

    name = fields.String()
    kind = fields.String(validate=validate.OneOf(catalog.KINDS))
    sort = sort_field("name", "name", "kind", "created_at", "updated_at")


class ProviderChange(InputSchema):
    """What to change of a provider; an empty secret or proxy means none."""

    url = fields.String()
    token = fields.String(load_only=True, allow_none=True)
    username = fields.String(load_only=True, allow_none=True)
    password = fields.String(load_only=True, allow_none=True)
    header_name = fields.String(load_only=True, allow_none=True)
    header_value = fields.String(load_only=True, allow_none=True)
    client_certificate = fields.String(
        load_only=True, allow_none=True, metadata={"description": "PEM: a certificate and its key"}
    )
    address_list = fields.String(
        load_only=True, metadata={"description": "for kind urls: an address a line, below [repository]"}
    )
    allow_private_network = YesOrNo()
    allow_hosts = fields.List(fields.String(), metadata={"description": "host or host:port, which may be private"})
    region = fields.String(allow_none=True)
    max_connections = WholeNumber(allow_none=True)
    proxy_url = fields.String(load_only=True, allow_none=True)
    ca_file = fields.String(allow_none=True)
    paused = YesOrNo(metadata={"description": "fetch nothing from it; what runs goes back to the queue"})


class NewProvider(ProviderChange):
    """A provider to add."""

    name = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(catalog.KINDS))
    url = fields.String(metadata={"description": "only kind urls can do without"})


def _show(provider: Provider) -> dict[str, Any]:
    return describe_provider(provider, for_admin=current_user().is_admin)


def find_provider(provider_id: UUID) -> Provider:
    """Return the provider with this id. Raises NotFound."""
    return catalog.get_provider(str(provider_id))


def check_dear(body: dict[str, Any], base_url: str) -> dict[str, Any]:
    """Check in a thread what would block the event loop: a list of addresses, a key. Raises InvalidInput."""
    if body.get("address_list"):
        body["address_list"] = offload(check_address_list, body["address_list"], base_url)
    if body.get("client_certificate"):
        offload(check_client_certificate, body["client_certificate"])
    return body


@blueprint.route("")
class Providers(MethodView):
    """All providers."""

    @login_required
    @blueprint.arguments(ProvidersQuery, location="query")
    @blueprint.response(200, ProviderSchema(many=True))
    @blueprint.paginate(max_page_size=MAX_PAGE_SIZE)
    def get(self, query: dict[str, Any], pagination_parameters: PaginationParameters) -> list[dict[str, Any]]:
        """List providers."""
        having: dict[str, str] = {name: query[name] for name in ("name", "kind") if name in query}
        page = catalog.page_of_providers(read_wanted(query, pagination_parameters), having, read_ids(query))
        return [_show(row) for row in show(page, pagination_parameters)]

    @admin_required
    @blueprint.arguments(NewProvider)
    @blueprint.response(201, ProviderSchema)
    def post(self, body: dict[str, Any]) -> dict[str, Any]:
        """Add a provider; 409 where the name is taken. Its address is judged when connecting."""
        is_paused: bool = body.pop("paused", False)
        by = current_actor()
        provider = catalog.add_provider(current_settings(), **check_dear(body, body.get("url", "")), by=by)
        if is_paused:
            pauses.set_provider_paused(provider, True, by=by)
        return _show(provider)


@blueprint.route("/<uuid:provider_id>")
class OneProvider(MethodView):
    """One provider."""

    @login_required
    @blueprint.response(200, ProviderSchema)
    def get(self, provider_id: UUID) -> dict[str, Any]:
        """Show a provider."""
        return _show(find_provider(provider_id))

    @admin_required
    @blueprint.arguments(ProviderChange)
    @blueprint.response(200, ProviderSchema)
    def patch(self, body: dict[str, Any], provider_id: UUID) -> dict[str, Any]:
        """Change a provider; its name and kind stay."""
        provider = find_provider(provider_id)
        is_paused: bool | None = body.pop("paused", None)
        by, changes = current_actor(), check_dear(body, body.get("url", provider.url))
        catalog.change_provider(current_settings(), provider, changes, by=by)
        if is_paused is not None:
            pauses.set_provider_paused(provider, is_paused, by=by)
        return _show(provider)

    @admin_required
    @blueprint.response(204)
    def delete(self, provider_id: UUID) -> None:
        """Remove a provider and its finished downloads' rows; 409 while others of it are active or paused."""
        catalog.remove_provider(find_provider(provider_id), by=current_actor())
