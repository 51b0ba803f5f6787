"""What can go wrong, in the domain's words; `web` maps it to HTTP, `cli` to one line on stderr."""

import enum
from collections.abc import Mapping

NOT_ENOUGH_DISK = "Not enough disk"
"""How the reason begins if a download finds too little room on the disk. Such downloads are found by these words."""
DISK_IS_FULL = ": the disk is full"
"""What the reason contains if the disk has no room for a write."""


class Cause(enum.StrEnum):
    """Why a start of a download failed, in few words: a label of the metrics. docs/metrics.md explains them."""

    MISSING = "missing"  # what was asked for is not there
    REFUSED = "refused"  # the provider does not let us have it
    RATE = "rate"  # it asks us to come later
    SERVER = "server"  # a fault of its own
    NETWORK = "network"  # no connection, no TLS, no answer in time, or a broken one
    CONTENT = "content"  # the listing or the bytes are not what they should be
    ADDRESS = "address"  # we do not go where it leads
    ROOM = "room"  # disk or quota will never be large enough
    DISK = "disk"  # our disk refuses something
    OPEN_FILES = "open_files"  # the process or the machine has no more
    WORKER = "worker"  # its worker vanished, again and again
    INTERNAL = "internal"  # a fault of ours
    OTHER = "other"  # what its owner asked for cannot be done


class DownloadsError(Exception):
    """The base of all errors whose message may be shown to the caller as it is."""

    def __init__(self, message: str, errors: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.errors = dict(errors or {})


class InvalidInput(DownloadsError):
    """A value from outside that fails its check; `errors` names the fields."""


class NotAuthenticated(DownloadsError):
    """The caller has not proved who they are."""


class NotAllowed(DownloadsError):
    """The caller may see the object, but may not do this to it."""


class NotFound(DownloadsError):
    """The object does not exist, or the caller may not see it."""


class Conflict(DownloadsError):
    """The object's state does not allow this; the message names the state."""


class NoSpace(Conflict):
    """There is not enough room now, on the disk or in the user's quota."""


class NeverFits(NoSpace):
    """The disk or the user's quota is too small, even when all other downloads are gone."""


class Passing(DownloadsError):
    """The machine cannot do this at the moment; the caller tries again later."""


class TooManyFiles(Passing):
    """The process or the machine has reached its limit of open files."""


class TooMany(DownloadsError):
    """A limit is reached; `retry_after_seconds` says when to ask again."""

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Busy(DownloadsError):
    """This process has no room for the work now; `retry_after_seconds` says when to ask again."""

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class SourceError(DownloadsError):
    """A provider failed us.

    A `permanent` error fails the download at once. After any other error the request is made again; if the provider
    named a time (`Retry-After`), not before `retry_after_seconds`. `is_missing`: the requested object does not exist.
    `is_on_its_way`: the object is being made ready, and waiting for it counts as no failure. `cause`: for the metrics.
    `option`: by which an admin may allow what was refused (`providers change`); "" where there is none.
    A message never contains a token or a signed URL.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool,
        retry_after_seconds: float | None = None,
        is_missing: bool = False,
        is_on_its_way: bool = False,
        cause: Cause | None = None,
        option: str = "",
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after_seconds = retry_after_seconds
        self.is_missing, self.is_on_its_way = is_missing, is_on_its_way
        self.cause = cause or (Cause.MISSING if is_missing else Cause.CONTENT)
        self.option = option
