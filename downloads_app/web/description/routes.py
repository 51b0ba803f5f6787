"""`/api/openapi.json`."""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from downloads_app.per_app import PerApp, present_app
from downloads_app.web.description.document import make_document
from downloads_app.web.offload import offload

blueprint = Blueprint("description", __name__)
_DOCUMENT: PerApp[dict[str, Any]] = PerApp(lambda: make_document(present_app()))


@blueprint.get("/api/openapi.json")
def show_description() -> Response:
    """Answer the description; its server is the prefix that the browser sees."""
    document = offload(_DOCUMENT.here)  # the first time it takes a tenth of a second
    return jsonify({**document, "servers": [{"url": request.script_root or "/"}]})
