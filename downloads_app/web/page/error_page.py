"""The page that a browser gets for an error, where the API's clients get JSON."""

from http import HTTPStatus
from typing import Final

from flask import Response, request

from downloads_app.web.page.headers import PAGE_HEADERS
from downloads_app.web.page.words import Say, render_page

API: Final = "/api/"
SIGN_ON: Final = "/api/auth/oidc/"
"""People come here by their browser, on the way to the identity provider and back."""
FIRST_OF_OURS: Final = 500


def wants_page() -> bool:
    """Whether the request is a browser's that opens an address outside of the API, or a step of single sign-on."""
    is_page = not request.path.startswith(API) or request.path.startswith(SIGN_ON)
    return is_page and request.method in ("GET", "HEAD") and _prefers_page()


def _prefers_page() -> bool:
    return request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"


def show_error(code: int, message: str) -> Response:
    """Answer a page that says what is wrong and offers the way back. Needs no database."""

    def write(say: Say) -> dict[str, object]:
        if code == HTTPStatus.NOT_FOUND:
            return {"code": code, "title": say("missing.title"), "reason": say("missing.reason")}
        if code >= FIRST_OF_OURS:
            return {"code": code, "title": say("error.ours"), "reason": say("error.ours_reason")}
        return {"code": code, "title": say("error.refused"), "reason": message}

    response = render_page("error.html", write)
    response.status_code = code
    response.headers.update(PAGE_HEADERS | {"Cache-Control": "no-store"})
    return response
