"""`/api/workers`: which processes move bytes, and what each holds; for admins."""

from typing import Any

from flask.views import MethodView
from flask_smorest.pagination import PaginationParameters
from marshmallow import fields

from downloads_app.config import current_settings
from downloads_app.services.documents import describe_worker
from downloads_app.services.queue import workers
from downloads_app.web.api.paging import MAX_PAGE_SIZE, cut
from downloads_app.web.api.schemas import OutputSchema, moment
from downloads_app.web.authentication import admin_required
from downloads_app.web.bodies import Blueprint

blueprint = Blueprint("workers", __name__, url_prefix="/api/workers", description="Workers (admins only)")


class HeldSchema(OutputSchema):
    """A download that a worker holds."""

    id = fields.String()
    repository = fields.String()
    username = fields.String()


class WorkerSchema(OutputSchema):
    """A process that moves bytes."""

    id = fields.String()
    host = fields.String()
    pid = fields.Integer()
    alive = fields.Boolean(metadata={"description": "whether it spoke within a lease"})
    started_at = moment()
    last_seen_at = moment()
    concurrency = fields.Integer(metadata={"description": "how many downloads it takes at a time"})
    version = fields.String()
    downloads = fields.List(fields.Nested(HeldSchema), metadata={"description": "what it holds"})


@blueprint.route("")
class Workers(MethodView):
    """All workers."""

    @admin_required
    @blueprint.response(200, WorkerSchema(many=True))
    @blueprint.paginate(max_page_size=MAX_PAGE_SIZE)
    def get(self, pagination_parameters: PaginationParameters) -> list[dict[str, Any]]:
        """List workers with what each holds, the one that started last first; one that vanished stays for a day."""
        found = workers.list_workers(current_settings().lease_seconds)
        return [describe_worker(worker) for worker in cut(found, pagination_parameters)]
