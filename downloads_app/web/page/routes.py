"""The page at `/`, its static files, its version, and the page that shows the API's description."""

import hashlib
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path

from flask import Blueprint, Response, g, jsonify

from downloads_app.config import current_settings
from downloads_app.models import utc_now
from downloads_app.services.downloads.representation import format_time
from downloads_app.web.page.headers import DOCS_POLICY, PAGE_HEADERS
from downloads_app.web.page.words import render_page

STATIC = Path(__file__).parent / "static"
SCRIPTS = sorted(
    path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*.js") if path.parent.name != "swagger-ui"
)
VIEWS = (
    "/",
    "/add",
    "/waiting",
    "/history",
    "/downloads/<uuid:row>",
    "/account",
    "/account/password",
    "/account/sign-ins",
    "/account/keys",
    "/admin",
    "/admin/users",
    "/admin/users/new",
    "/admin/users/<uuid:row>",
    "/admin/providers",
    "/admin/providers/new",
    "/admin/providers/<uuid:row>",
    "/admin/queue",
    "/admin/workers",
    "/admin/audit",
    "/admin/limits",
)
"""The addresses of the page's views. They all get the same page, and router.js shows the view."""

blueprint = Blueprint(
    "dashboard", __name__, static_folder=str(STATIC), static_url_path="/static", template_folder="templates"
)


@blueprint.after_request
def add_page_headers(response: Response) -> Response:
    """Add the headers, also to static files: a browser shows a script or a picture as a page if it is opened alone."""
    if response.status_code < HTTPStatus.BAD_REQUEST:  # an error's answer has its own
        response.headers.update(PAGE_HEADERS)
        if policy := g.pop("policy", None):
            response.headers["Content-Security-Policy"] = policy
    return response


def show_page(**_address: object) -> Response:
    """Answer the page; everything in it comes from the REST resources and the stream, and the address names a view."""
    return render_page(
        "index.html",
        modules=[name for name in SCRIPTS if name != "docs.js"],
        server_time=format_time(utc_now()),
        single_sign_on=current_settings().oidc_issuer != "",
        stream_interval_seconds=current_settings().stream_interval_seconds,
        version=page_version(),
    )


for address in VIEWS:
    blueprint.add_url_rule(address, view_func=show_page)


@blueprint.get("/page-version")
def show_page_version() -> Response:
    """Answer which page this server has, so that one that has been open since before an upgrade notices."""
    return jsonify(version=page_version())


@lru_cache(maxsize=1)
def page_version() -> str:
    """Return a name for the content of the page's files; servers with the same files give the same."""
    found = hashlib.sha256()
    for folder in (STATIC, Path(__file__).parent / "templates"):
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                found.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:16]


@blueprint.get("/api/docs")
def show_api_docs() -> Response:
    """Answer a page that shows `/api/openapi.json` and tries calls."""
    g.policy = DOCS_POLICY
    return render_page("docs.html")
