"""What can go wrong, in the domain's words; `web` maps it to HTTP, `cli` to one line on stderr."""

from collections.abc import Mapping


class DownloadsError(Exception):
    """The base of all errors whose message may be shown to the caller as it is."""

    def __init__(self, message: str, errors: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.errors = dict(errors or {})


class InvalidInput(DownloadsError):
    """A value from outside that fails its check; `errors` names the fields."""


class NotAuthenticated(DownloadsError):
    """No, or no valid, proof of who is asking."""


class NotAllowed(DownloadsError):
    """The caller may see it but not do this to it."""


class NotFound(DownloadsError):
    """It does not exist, or not for this caller."""


class Conflict(DownloadsError):
    """The present state does not allow it; the message names that state."""


class NoSpace(Conflict):
    """The disk, or the user's quota, does not hold what was asked for."""


class NeverFits(NoSpace):
    """The disk, or the user's quota, will not hold it, whatever becomes of other downloads."""


class Passing(DownloadsError):
    """The machine does not do it at the moment; it is tried again later."""


class TooManyFiles(Passing):
    """The process has as many open files as it may have, or the machine has."""


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

    `permanent` errors fail the download at once; others are tried again, not before
    `retry_after_seconds` where the provider named a time (`Retry-After`). `is_missing`: what was
    asked for is not there. `is_on_its_way`: it is being made ready, and waiting for it is no failure.
    Messages never hold a token or a signed URL.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool,
        retry_after_seconds: float | None = None,
        is_missing: bool = False,
        is_on_its_way: bool = False,
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after_seconds = retry_after_seconds
        self.is_missing, self.is_on_its_way = is_missing, is_on_its_way
