"""`POST /api/providers/test` and `…/{id}/test`: whether a provider answers, also one that is not saved."""

from typing import Any
from uuid import UUID

from marshmallow import fields

from downloads_app.config import current_settings
from downloads_app.errors import SourceError
from downloads_app.models import Provider
from downloads_app.services.providers import catalog
from downloads_app.services.providers.drafts import draft_changes, draft_provider
from downloads_app.web import upstream
from downloads_app.web.api.providers import NewProvider, ProviderChange, blueprint, check_dear, find_provider
from downloads_app.web.api.schemas import OutputSchema
from downloads_app.web.authentication import admin_required, current_actor

FAILS = "It fails, and why"


class AnswerSchema(OutputSchema):
    """A provider that answers as it should; 424 with the reason where it does not."""

    ok = fields.Boolean()


@blueprint.route("/<uuid:provider_id>/test", methods=["POST"])
@admin_required
@blueprint.arguments(ProviderChange, required=False)
@blueprint.response(200, AnswerSchema)
@blueprint.alt_response(424, description=FAILS)
def ask_provider(body: dict[str, Any], provider_id: UUID) -> dict[str, bool]:
    """Ask a provider whether it answers as its kind should, as it would with these changes; saves nothing."""
    provider = find_provider(provider_id)
    body.pop("paused", None)
    changes = check_dear(body, body.get("url", provider.url))
    return _ask(draft_changes(current_settings(), provider, changes), provider)


@blueprint.route("/test", methods=["POST"])
@admin_required
@blueprint.arguments(NewProvider)
@blueprint.response(200, AnswerSchema)
@blueprint.alt_response(424, description=FAILS)
def ask_new_provider(body: dict[str, Any]) -> dict[str, bool]:
    """Ask a provider that is not added yet whether it answers as its kind should; saves nothing."""
    body.pop("paused", None)
    draft = draft_provider(current_settings(), **check_dear(body, body.get("url", "")))
    return _ask(draft, draft)


def _ask(draft: Provider, named: Provider) -> dict[str, bool]:
    """Ask as `draft` says. The audit notes it of `named`: the stored row, which a draft has no id of."""
    by = current_actor()
    try:
        upstream.ask(catalog.check_remote, draft)
    except SourceError as exc:
        catalog.note_test(named, exc.message, by=by)
        raise
    catalog.note_test(named, None, by=by)
    return {"ok": True}
