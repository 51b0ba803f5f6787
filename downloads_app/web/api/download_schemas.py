"""What comes in and goes out at `/api/downloads`."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from downloads_app.models import ACTIVE, Download, Status, User
from downloads_app.services.downloads.lifecycle import PRIORITIES
from downloads_app.services.rights import shown_path
from downloads_app.web.api.paging import ListQuery, sort_field
from downloads_app.web.api.schemas import InputSchema, OutputSchema
from downloads_app.web.stream.sse import download_to_wire, format_time

STATUSES = {status.value: (status,) for status in Status} | {"active": ACTIVE}
PRIORITY = validate.Range(PRIORITIES.start, PRIORITIES.stop - 1)


def download_to_json(download: Download, viewer: User) -> dict[str, Any]:
    """Return the nine keys of the stream, made by the same function, and what only its owner or an admin asks for."""
    return download_to_wire(download) | {
        "error_message": download.error_message,
        "wait_reason": download.wait_reason,
        "completed_at": format_time(download.completed_at),
        "revision": download.revision,
        "commit": download.commit,
        "priority": download.priority,
        "attempt": download.attempt,
        "path": shown_path(viewer, download),
    }


class ProgressSchema(OutputSchema):
    """How far it is; what is unknown is null."""

    current_bytes = fields.Integer()
    total_bytes = fields.Integer(allow_none=True)
    current_file = fields.String(allow_none=True)
    total_files = fields.Integer(allow_none=True)
    files_completed = fields.Integer()
    download_speed = fields.Integer(metadata={"description": "bytes per second"})
    eta_seconds = fields.Integer(allow_none=True)


class DownloadSchema(OutputSchema):
    """A download as `download_to_json` makes it; times are UTC to the second."""

    id = fields.String()
    user_id = fields.String()
    provider_id = fields.String()
    repository_id = fields.String()
    status = fields.String(metadata={"enum": [status.value for status in Status]})
    progress_data = fields.Nested(ProgressSchema)
    started_at = fields.String(allow_none=True, metadata={"format": "date-time"})
    created_at = fields.String(metadata={"format": "date-time"})
    updated_at = fields.String(metadata={"format": "date-time"})
    error_message = fields.String(allow_none=True)
    wait_reason = fields.String(allow_none=True, metadata={"description": "why it waits, beside its turn"})
    completed_at = fields.String(allow_none=True, metadata={"format": "date-time"})
    revision = fields.String()
    commit = fields.String(allow_none=True)
    priority = fields.Integer()
    attempt = fields.Integer(metadata={"description": "how often a worker took it"})
    path = fields.String(metadata={"description": "where its files lie, below DOWNLOADS_DIR; whole for admins"})


class DownloadsQuery(ListQuery):
    """Which downloads; others see only their own, whatever they ask for."""

    status = fields.List(fields.String(validate=validate.OneOf(list(STATUSES))), load_default=list)
    user_id = fields.UUID()
    provider_id = fields.UUID()
    repository_id = fields.UUID()
    sort = sort_field(
        "-created_at", "created_at", "updated_at", "started_at", "completed_at", "priority", "current_bytes"
    )


class WantedSchema(InputSchema):
    """What to fetch: a repository that has a row, or one by its name at a provider."""

    repository_id = fields.UUID()
    provider_id = fields.UUID()
    repository = fields.String(metadata={"example": "org/name"})
    revision = fields.String(allow_none=True, load_default=None)
    include = fields.List(fields.String(), load_default=list, metadata={"description": "globs; none means all"})
    exclude = fields.List(  # type: ignore[assignment]  # marshmallow keeps its own `exclude` on instances
        fields.String(), load_default=list, metadata={"description": "globs"}
    )

    @validates_schema
    def check_target(self, values: dict[str, Any], **_: Any) -> None:
        """Require exactly one of the two ways to name a repository."""
        named = {"repository_id", "provider_id", "repository"} & values.keys()
        if named not in ({"repository_id"}, {"provider_id", "repository"}):
            raise ValidationError("give either repository_id, or provider_id and repository", "repository")


class NewDownload(WantedSchema):
    """A download to queue."""

    priority = fields.Integer(strict=True, load_default=0, validate=PRIORITY)


class DownloadChange(InputSchema):
    """What to change of a download."""

    priority = fields.Integer(strict=True, required=True, validate=PRIORITY)


class DeleteQuery(InputSchema):
    """Whether the files go too."""

    files = fields.Boolean(load_default=False)


class DownloadFileSchema(OutputSchema):
    """A file of a download, as listed when it first began."""

    path = fields.String()
    size_bytes = fields.Integer(allow_none=True)
    sha256 = fields.String(allow_none=True)
    completed_at = fields.DateTime(format="%Y-%m-%dT%H:%M:%SZ", allow_none=True)
