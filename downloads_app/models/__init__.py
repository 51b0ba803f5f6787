"""The tables: columns and their own rules."""

from downloads_app.models.accounts import FailedSignIns, Identity, RevokedToken, SignIn, User
from downloads_app.models.audit import Act, AuditEntry
from downloads_app.models.columns import UtcDateTime, new_id, utc_now
from downloads_app.models.downloads import (
    ACTIVE,
    FINISHED,
    IS_ACTIVE,
    IS_HELD,
    IS_RUNNING,
    Deletion,
    Download,
    DownloadFile,
    DownloadSpeeds,
    Status,
)
from downloads_app.models.events import DownloadEvent, EventKind
from downloads_app.models.idempotency import KeyedRequest
from downloads_app.models.keys import ApiKey
from downloads_app.models.metrics import MetricCount, QueueReading
from downloads_app.models.providers import Provider, Repository
from downloads_app.models.queue import QueuePause
from downloads_app.models.tasks import DailyTask
from downloads_app.models.workers import WorkerProcess

__all__ = [
    "ACTIVE",
    "FINISHED",
    "IS_ACTIVE",
    "IS_HELD",
    "IS_RUNNING",
    "Act",
    "ApiKey",
    "AuditEntry",
    "DailyTask",
    "Deletion",
    "Download",
    "DownloadEvent",
    "DownloadFile",
    "DownloadSpeeds",
    "EventKind",
    "FailedSignIns",
    "Identity",
    "KeyedRequest",
    "MetricCount",
    "Provider",
    "QueuePause",
    "QueueReading",
    "Repository",
    "RevokedToken",
    "SignIn",
    "Status",
    "User",
    "UtcDateTime",
    "WorkerProcess",
    "new_id",
    "utc_now",
]
