"""`/api/downloads/<id>/files`: what a download consists of, and the bytes of each file.

Its routes join the blueprint of `downloads.py`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

from flask import Response, g, send_file
from flask.views import MethodView
from flask_smorest.pagination import PaginationParameters

from downloads_app.config import current_settings
from downloads_app.errors import Conflict, NotFound
from downloads_app.services.downloads import file_progress, listings
from downloads_app.services.files.folders import folder_of
from downloads_app.services.pages import Wanted
from downloads_app.web import shares
from downloads_app.web.api.download_schemas import DownloadFileSchema
from downloads_app.web.api.downloads import blueprint, find_download
from downloads_app.web.api.paging import MAX_FILES_A_PAGE, MAX_PAGE_SIZE, show
from downloads_app.web.authentication import login_required
from downloads_app.web.long_work import open_in_thread

FILE_HEADERS = {
    # No browser may run a repository's file as a page of ours.
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-cache",
}


@blueprint.route("/<uuid:download_id>/files")
class Files(MethodView):
    """The files of a download."""

    @login_required
    @blueprint.response(200, DownloadFileSchema(many=True))
    @blueprint.paginate(page_size=MAX_PAGE_SIZE, max_page_size=MAX_FILES_A_PAGE)
    def get(self, download_id: UUID, pagination_parameters: PaginationParameters) -> list[dict[str, Any]]:
        """List the files in the order of the provider's listing; none before it first began."""
        wanted = Wanted("position", pagination_parameters.page, pagination_parameters.page_size)
        download = find_download(download_id)
        files = show(listings.list_files(download, wanted), pagination_parameters)
        return file_progress.as_dicts(current_settings().downloads_dir, download, files)


@blueprint.route("/<uuid:download_id>/files/<path:path>")
@login_required
@blueprint.response(
    200,
    {"type": "string", "format": "binary"},
    content_type="application/octet-stream",
    description="The file's bytes",
)
@blueprint.alt_response(206, description="The part that `Range` asked for")
@blueprint.alt_response(409, description="It is not complete yet")
@blueprint.alt_response(416, description="The file is shorter than that part")
def get_file(download_id: UUID, path: str) -> Response:
    """Send a file's bytes, with ranges."""
    download = find_download(download_id)
    row = listings.find_file(download, path)
    if row is None:
        raise NotFound(f"There is no file {path!r} in this download")
    if row.completed_at is None:
        raise Conflict(f"{path!r} is not complete yet")
    folder, etag = folder_of(current_settings().downloads_dir, download), row.sha256
    give_back = shares.take("files", g.token.user_id)
    try:
        response = open_in_thread(_answer, folder, path, etag)  # which holds no connection while the bytes are sent
    except BaseException:  # a range that cannot be satisfied, for one
        give_back()
        raise
    _call_at_end(response, give_back)
    return response


def _answer(folder: Path, path: str, etag: str | None) -> Response:
    """Return the answer with the file opened. On a disk that hangs this takes as long: it runs in a thread."""
    found = _find_on_disk(folder, path)
    try:
        response = _hand_to_nginx(found) if current_settings().accel_redirect_prefix else _send(found, etag)
    except FileNotFoundError as exc:
        raise _gone(path) from exc
    response.headers.update(FILE_HEADERS)
    response.headers.set("Content-Disposition", "attachment", filename=found.name)
    return response


def _find_on_disk(folder: Path, path: str) -> Path:
    """Return the file's path. A file whose symbolic link leads out of the folder counts as missing."""
    found = (folder / path).resolve()
    if not found.is_relative_to(folder.resolve()) or not found.is_file():
        raise _gone(path)
    return found


def _gone(path: str) -> NotFound:
    return NotFound(f"{path!r} is no longer there")


def _send(found: Path, etag: str | None) -> Response:
    options: dict[str, Any] = {"etag": etag} if etag else {}
    return send_file(found, mimetype="application/octet-stream", conditional=True, **options)


def _call_at_end(response: Response, function: Callable[[], None]) -> None:
    """Call a function when the server closes the answer's body, sent or not.

    With `direct_passthrough`, the server never calls what `call_on_close` was given: it closes only the body. The body
    keeps its class, because gunicorn uses sendfile(2) for its own class alone.
    """
    if not response.direct_passthrough:
        response.call_on_close(function)
        return
    body: Any = response.response
    close = body.close

    def close_and_call() -> None:
        try:
            close()
        finally:
            function()

    body.close = close_and_call


def _hand_to_nginx(found: Path) -> Response:
    """Let nginx send the file, with ranges (an `internal` location)."""
    settings = current_settings()
    relative = found.relative_to(settings.downloads_dir.resolve())
    response = Response(mimetype="application/octet-stream")
    response.headers["X-Accel-Redirect"] = quote(f"{settings.accel_redirect_prefix.rstrip('/')}/{relative}")
    return response
