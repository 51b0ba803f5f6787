"""Health checks and metrics of the service."""

import hmac

from flask import Blueprint, Response, abort, jsonify, request
from sqlalchemy.exc import SQLAlchemyError

from downloads_app.config import current_settings
from downloads_app.services.database import migrations
from downloads_app.services.queue import workers
from downloads_app.web import queue_metrics
from downloads_app.web.errors import error_response
from downloads_app.web.proxies import Networks
from downloads_app.web.stream import metrics

blueprint = Blueprint("status", __name__)


@blueprint.route("/healthz")
def healthz() -> Response:
    """Say that the process answers; needs no database."""
    return jsonify(status="ok")


@blueprint.route("/readyz")
def readyz() -> Response:
    """Say whether the database answers and has the form this code expects (200 or 503), and whether a worker lives."""
    try:
        is_current = migrations.are_current()
        has_worker = is_current and workers.is_any_alive(current_settings().lease_seconds)
    except SQLAlchemyError:
        return error_response(503, "The database does not answer")
    if not is_current:
        return error_response(503, "Migrations are not current: run 'downloads-app db upgrade'")
    return jsonify(status="ok", worker_alive=has_worker)


@blueprint.route("/metrics")
def show_metrics() -> Response:
    """Answer Prometheus' text format to those whom METRICS_TOKEN or METRICS_ALLOW lets in; to others 404."""
    settings = current_settings()
    sent = request.headers.get("Authorization", "")
    has_token = bool(settings.metrics_token) and hmac.compare_digest(
        sent.encode(), f"Bearer {settings.metrics_token}".encode()
    )
    if not has_token and (request.remote_addr or "") not in Networks(settings.metrics_allow):
        abort(404)
    text = metrics.render() + queue_metrics.render(settings.lease_seconds)
    return Response(text, content_type=metrics.CONTENT_TYPE)
