"""`POST /api/downloads/plan`: what a download would fetch. Joins the blueprint of `downloads.py`."""

import json
from typing import Any

from flask import Response
from marshmallow import fields

from downloads_app.config import current_settings
from downloads_app.services.documents import describe_plan
from downloads_app.services.downloads import plans
from downloads_app.services.downloads.patterns import check_patterns
from downloads_app.web import upstream
from downloads_app.web.api.download_schemas import WantedSchema
from downloads_app.web.api.downloads import blueprint, find_wanted
from downloads_app.web.api.schemas import OutputSchema
from downloads_app.web.authentication import current_user, login_required
from downloads_app.web.long_work import do_long_work


class PlannedFileSchema(OutputSchema):
    """A file of a plan."""

    path = fields.String()
    size_bytes = fields.Integer(allow_none=True)
    sha256 = fields.String(allow_none=True)
    is_here = fields.Boolean(metadata={"description": "linked or kept, not fetched"})


class PlanSchema(OutputSchema):
    """What a download would do; sizes in bytes."""

    files = fields.List(fields.Nested(PlannedFileSchema))
    total_files = fields.Function(lambda plan: len(plan.files), metadata={"type": "integer"})
    total_bytes = fields.Integer(allow_none=True, metadata={"description": "null while a size is unknown"})
    here_bytes = fields.Integer(metadata={"description": "of these, what is here already, of unfinished files too"})
    free_bytes = fields.Integer(metadata={"description": "room on the disk"})
    quota_left_bytes = fields.Integer(allow_none=True, metadata={"description": "null without a quota"})
    commit = fields.String(allow_none=True)


@blueprint.route("/plan", methods=["POST"])
@login_required
@blueprint.arguments(WantedSchema)
@blueprint.response(200, PlanSchema)
@blueprint.alt_response(424, description="The provider fails, and why")
def make_plan(body: dict[str, Any]) -> Response:
    """Say what a download would fetch; changes nothing."""
    wanted = check_patterns(body["include"], body["exclude"])
    provider, repository = find_wanted(body)
    listing = upstream.ask(plans.list_remote, provider, repository, body["revision"], wanted)
    plan = plans.make_plan(
        current_settings(), current_user().user, provider, repository, listing, revision=body["revision"]
    )
    return Response(do_long_work(_encode, plan), mimetype="application/json")


def _encode(plan: plans.Plan) -> str:
    """Return a plan as JSON, in the form of PlanSchema. For 100,000 files that takes a second."""
    return json.dumps(describe_plan(plan))
