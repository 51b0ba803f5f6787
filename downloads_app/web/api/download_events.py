"""`/api/downloads/<id>/events`: what has happened to a download.

Its route joins the blueprint of `downloads.py`.
"""

from typing import Any
from uuid import UUID

from flask.views import MethodView
from flask_smorest.pagination import PaginationParameters
from marshmallow import fields

from downloads_app.models import EventKind
from downloads_app.services.downloads import story
from downloads_app.services.pages import Wanted
from downloads_app.web.api.downloads import blueprint, find_download
from downloads_app.web.api.paging import MAX_PAGE_SIZE, show
from downloads_app.web.api.schemas import OutputSchema, moment
from downloads_app.web.authentication import login_required


class EventSchema(OutputSchema):
    """One thing that happened to a download, as `story.as_dict` makes it."""

    at = moment()
    event = fields.String(metadata={"enum": [kind.value for kind in EventKind]})
    by = fields.String(allow_none=True, metadata={"description": "a user's name, `command line`, or a worker's id"})
    reason = fields.String(allow_none=True)
    until = moment("not claimed before", allow_none=True)
    attempt = fields.Integer(metadata={"description": "how often a worker had taken it"})
    current_bytes = fields.Integer(metadata={"description": "how far it was"})


@blueprint.route("/<uuid:download_id>/events")
class Events(MethodView):
    """What has happened to a download."""

    @login_required
    @blueprint.response(200, EventSchema(many=True))
    @blueprint.paginate(max_page_size=MAX_PAGE_SIZE)
    def get(self, download_id: UUID, pagination_parameters: PaginationParameters) -> list[dict[str, Any]]:
        """List what has happened to it, newest first; of each download the last 200 things are kept."""
        numbers = pagination_parameters
        wanted = Wanted(story.NEWEST_FIRST, numbers.page, numbers.page_size)
        return [story.as_dict(event) for event in show(story.read(find_download(download_id), wanted), numbers)]
