"""`/api/queue`: whether the whole queue is paused; everybody reads, admins change."""

from typing import Any

from flask.views import MethodView

from downloads_app.services.documents import describe_queue
from downloads_app.services.queue import pauses
from downloads_app.web.api.schemas import InputSchema, OutputSchema, YesOrNo, moment
from downloads_app.web.authentication import admin_required, current_actor, login_required
from downloads_app.web.bodies import Blueprint

blueprint = Blueprint("queue", __name__, url_prefix="/api/queue", description="The queue of all downloads")


class QueueSchema(OutputSchema):
    """The queue."""

    paused_at = moment("nothing is fetched since then", allow_none=True)


class QueueChange(InputSchema):
    """What to change of the queue."""

    paused = YesOrNo(required=True, metadata={"description": "fetch nothing; what runs goes back to the queue"})


@blueprint.route("")
class Queue(MethodView):
    """The queue."""

    @login_required
    @blueprint.response(200, QueueSchema)
    def get(self) -> dict[str, Any]:
        """Say whether the queue is paused."""
        return describe_queue(pauses.queue_paused_at())

    @admin_required
    @blueprint.arguments(QueueChange)
    @blueprint.response(200, QueueSchema)
    def patch(self, body: dict[str, Any]) -> dict[str, Any]:
        """Pause the queue, or let it go on."""
        pauses.set_queue_paused(body["paused"], by=current_actor())
        return describe_queue(pauses.queue_paused_at())
