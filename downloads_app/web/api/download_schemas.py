"""What comes in and goes out at `/api/downloads`."""

from typing import Any, ClassVar

from marshmallow import ValidationError, fields, validate, validates_schema

from downloads_app.config import current_settings
from downloads_app.models import ACTIVE, Download, Status
from downloads_app.services.documents import describe_download
from downloads_app.services.downloads import representation
from downloads_app.services.downloads.history import NEWEST_FIRST, SORTS
from downloads_app.services.downloads.lifecycle import PRIORITIES
from downloads_app.services.downloads.representation import Kind, can_be_null, kind_of
from downloads_app.services.rights import Viewer
from downloads_app.web.api.paging import ListQuery, sort_field
from downloads_app.web.api.schemas import InputSchema, Moment, OutputSchema, WholeNumber, moment

STATUSES = {status.value: (status,) for status in Status} | {"active": ACTIVE}
MAX_SEARCH_LENGTH = 200
PRIORITY = validate.Range(PRIORITIES.start, PRIORITIES.stop - 1)


def download_to_json(download: Download, viewer: Viewer) -> dict[str, Any]:
    """Return the nine keys of the stream, from the same lists, and further keys for its owner or an admin."""
    return describe_download(download, current_settings().downloads_dir, for_admin=viewer.is_admin)


_MORE_OF_A_COLUMN: dict[str, dict[str, Any]] = {
    "status": {"enum": [status.value for status in Status]},
    "download_speed": {"description": "bytes per second"},
}


def _field(column: str) -> fields.Field[Any]:
    """Return the schema field of a column that the stream also shows."""
    allow_none, metadata = can_be_null(column), _MORE_OF_A_COLUMN.get(column, {})
    match kind_of(column):
        case Kind.NUMBER:
            return fields.Integer(allow_none=allow_none, metadata=metadata)
        case Kind.TIME:
            return moment(metadata.get("description"), allow_none=allow_none)
        case _:
            return fields.String(allow_none=allow_none, metadata=metadata)


ProgressSchema = OutputSchema.from_dict(
    {column: _field(column) for column in representation.PROGRESS_COLUMNS}, name="ProgressSchema"
)
"""The progress of a download. Unknown values are null."""
_StreamedSchema = OutputSchema.from_dict(
    {
        key: fields.Nested(ProgressSchema) if key == representation.PROGRESS_KEY else _field(key)
        for key in representation.KEYS
    },
    name="StreamedSchema",
)


# Its base is made at run time, from the columns that the stream tells: mypy can follow no such class. It stays a class,
# because the REST document takes its description from the text below the name.
class DownloadSchema(_StreamedSchema):  # type: ignore[valid-type,misc]  # from_dict made the base
    """A download as `download_to_json` makes it; times are UTC to the second."""

    repository = fields.String(metadata={"description": "its name, as are the next two"})
    provider = fields.String()
    username = fields.String()
    error_message = fields.String(allow_none=True)
    wait_reason = fields.String(allow_none=True, metadata={"description": "why it waits, beside its turn"})
    next_attempt_at = moment("a waiting one is not begun before", allow_none=True)
    completed_at = moment(allow_none=True)
    revision = fields.String()
    commit = fields.String(allow_none=True)
    include = fields.List(fields.String(), metadata={"description": "globs; none means all"})
    exclude = fields.List(fields.String(), metadata={"description": "globs"})
    priority = fields.Integer()
    attempt = fields.Integer(metadata={"description": "how often a worker took it"})
    path = fields.String(metadata={"description": "where its files lie, below DOWNLOADS_DIR; whole for admins"})


class DownloadsQuery(ListQuery):
    """Which downloads; others see only their own, whatever they ask for."""

    status = fields.List(fields.String(validate=validate.OneOf(list(STATUSES))), load_default=list)
    user_id = fields.UUID()
    provider_id = fields.UUID()
    repository_id = fields.UUID()
    search = fields.String(
        validate=validate.Length(1, MAX_SEARCH_LENGTH), metadata={"description": "a part of the repository's name"}
    )
    since = Moment("changed at this time or later")
    until = Moment("changed before this time")
    sort = sort_field(NEWEST_FIRST, *SORTS)


def _has(name: str) -> dict[str, Any]:
    """Return the JSON schema of an object that has a property; others too, which redocly else forbids."""
    return {"properties": {name: True}, "required": [name], "additionalProperties": True}


class WantedSchema(InputSchema):
    """What to fetch: a repository that has a row, or one by its name at a provider."""

    FURTHER_RULES: ClassVar[dict[str, Any]] = {
        "if": _has("repository_id"),
        "then": {"not": {"anyOf": [_has("repository"), _has("provider"), _has("provider_id")]}},
        "else": {**_has("repository"), "oneOf": [_has("provider"), _has("provider_id")]},
    }
    """`check_target` for the description."""

    repository_id = fields.UUID()
    provider_id = fields.UUID()
    provider = fields.String(metadata={"description": "its name, instead of provider_id", "example": "hub"})
    repository = fields.String(metadata={"example": "org/name"})
    revision = fields.String(allow_none=True, load_default=None)
    include = fields.List(fields.String(), load_default=list, metadata={"description": "globs; none means all"})
    unwanted = fields.List(
        fields.String(), data_key="exclude", attribute="exclude", load_default=list, metadata={"description": "globs"}
    )
    """`exclude`; a schema has something of its own under that name."""

    @validates_schema
    def check_target(self, values: dict[str, Any], **_: Any) -> None:
        """Require exactly one of the ways to name a repository."""
        named = {"repository_id", "provider_id", "provider", "repository"} & values.keys()
        if named not in ({"repository_id"}, {"provider_id", "repository"}, {"provider", "repository"}):
            raise ValidationError("give either repository_id, or repository and provider_id or provider", "repository")


class NewDownload(WantedSchema):
    """A download to queue."""

    priority = WholeNumber(load_default=0, validate=PRIORITY)
    username = fields.String(metadata={"description": "for admins: whose download it is"})


class DownloadChange(InputSchema):
    """What to change of a download."""

    priority = WholeNumber(required=True, validate=PRIORITY)


class DeleteQuery(InputSchema):
    """Whether the files go too."""

    files = fields.Boolean(load_default=False)


class DownloadFileSchema(OutputSchema):
    """A file of a download, as listed when it first began."""

    path = fields.String()
    size_bytes = fields.Integer(allow_none=True)
    current_bytes = fields.Integer(metadata={"description": "how much of it is on the disk, a second ago or less"})
    sha256 = fields.String(allow_none=True)
    completed_at = moment(allow_none=True)
