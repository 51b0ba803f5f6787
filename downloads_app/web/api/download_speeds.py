"""`/api/downloads/<id>/speeds`: a download's speed over its whole time.

Its route joins the blueprint of `downloads.py`.
"""

from typing import Any
from uuid import UUID

from flask.views import MethodView
from marshmallow import fields

from downloads_app.services.downloads import speeds
from downloads_app.web.api.downloads import blueprint, find_download
from downloads_app.web.api.schemas import OutputSchema
from downloads_app.web.authentication import login_required


class SpeedsSchema(OutputSchema):
    """A download's speed over its whole time."""

    spacing_seconds = fields.Float(metadata={"description": "two points that are much farther apart: it did not run"})
    points = fields.List(
        fields.List(fields.Float()),
        metadata={"description": "Unix seconds and bytes per second, oldest first; the longer it takes, the coarser"},
    )


@blueprint.route("/<uuid:download_id>/speeds")
class Speeds(MethodView):
    """A download's speed over its whole time."""

    @login_required
    @blueprint.response(200, SpeedsSchema)
    def get(self, download_id: UUID) -> dict[str, Any]:
        """Tell how fast it was, from its first byte on; at most 120 points."""
        history = speeds.read(find_download(download_id).id)
        return {"spacing_seconds": history.spacing_seconds, "points": history.points}
