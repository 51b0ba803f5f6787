"""`/api/downloads/space`: what downloads take on the disk, and what removing their files would free.

Its route joins the blueprint of `downloads.py`.
"""

from typing import Any

from flask.views import MethodView
from marshmallow import fields, validate

from downloads_app.config import current_settings
from downloads_app.services.downloads import space
from downloads_app.services.files.space import Space
from downloads_app.web.api.downloads import blueprint
from downloads_app.web.api.paging import MAX_PAGE_SIZE, read_ids
from downloads_app.web.api.schemas import InputSchema, OutputSchema
from downloads_app.web.authentication import current_user, login_required


class SpaceQuery(InputSchema):
    """Which downloads."""

    id = fields.List(
        fields.UUID(),
        required=True,
        validate=validate.Length(1, MAX_PAGE_SIZE),
        metadata={"description": "may be repeated"},
    )


class SpaceSchema(OutputSchema):
    """Bytes on the disk."""

    bytes = fields.Integer(metadata={"description": "what their files take"})
    freed_bytes = fields.Integer(
        metadata={"description": "what removing them all would free: other downloads may link to the same bytes"}
    )
    staying_downloads = fields.Integer(
        metadata={"description": "how many of them keep their files: another download has the same folder"}
    )
    is_minimum = fields.Boolean(metadata={"description": "there are too many files to look at them all"})


@blueprint.route("/space")
class DownloadSpace(MethodView):
    """What downloads take on the disk."""

    @login_required
    @blueprint.arguments(SpaceQuery, location="query")
    @blueprint.response(200, SpaceSchema)
    def get(self, query: dict[str, Any]) -> Space:
        """Tell what the files of these downloads take; what the caller may not see counts for nothing."""
        return space.measure(current_settings().downloads_dir, current_user(), read_ids(query))
