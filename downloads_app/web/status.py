"""Whether the service is alive, ready, and how it fares."""

from flask import Blueprint, Response, jsonify

blueprint = Blueprint("status", __name__)


@blueprint.route("/healthz")
def healthz() -> Response:
    """Say that the process answers; needs no database."""
    return jsonify(status="ok")
