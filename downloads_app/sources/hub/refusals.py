"""Explains a hub's error answers by their headers `X-Error-Code` and `X-Error-Message`."""

import re

from downloads_app.errors import Cause, SourceError
from downloads_app.sources.answers import AnswerHead, find_cause, name_status

MAX_PLAIN_HTTP_BYTES = 50_000_000_000
"""For larger files the public hub may refuse plain HTTP."""
_TOO_LARGE = re.compile(r"too large", re.IGNORECASE)
_REMAINING, _RESET_SECONDS = re.compile(r"\br=(\d{1,9})\b"), re.compile(r"\bt=(\d{1,6})\b")


def explain_hub_refusal(
    what: str, head: AnswerHead, *, revision: str | None = None, size_bytes: int | None = None
) -> SourceError | None:
    """Return why the hub refused `what` (a repository or a file); None if the answer is not a hub's."""
    code, message = head.headers.get("x-error-code", ""), head.headers.get("x-error-message", "")
    if head.status == 429:
        return _explain_rate_limit(what, head)
    if _is_too_large(head.status, message, size_bytes):
        size = f" ({size_bytes:,} bytes)" if size_bytes else ""
        text = f"{what}{size} is too large for plain HTTP at this hub"
        return SourceError(text, permanent=True, cause=Cause.REFUSED)
    if head.status == 401 and message.startswith("Invalid credentials"):
        text = f"{what}: the hub refuses this provider's token ({name_status(401)})"
        return SourceError(text, permanent=True, cause=Cause.REFUSED)
    if head.status == 401 and message and not code:
        code = "RepoNotFound"  # without a token, the public hub says this of all that is not public
    reason = {
        "GatedRepo": f"{what} is gated: its owner has to grant access to the account of this provider's token",
        "RevisionNotFound": f"{what} has no revision {revision[:120]!r}" if revision else f"{what}: no such revision",
        "RepoNotFound": f"{what} is not found, or it is private and this provider's token does not open it",
        "EntryNotFound": f"{what} is not in the repository at this commit",
    }.get(code)
    if message == "Access to this resource is disabled.":
        reason = f"{what} is disabled by the hub"
    is_missing = code in ("EntryNotFound", "RevisionNotFound")
    cause = Cause.MISSING if code.endswith("NotFound") else find_cause(head.status)
    return SourceError(reason, permanent=True, is_missing=is_missing, cause=cause) if reason else None


def _is_too_large(status: int, message: str, size_bytes: int | None) -> bool:
    if status not in (400, 403, 413):
        return False
    return bool(_TOO_LARGE.search(message)) or (size_bytes or 0) > MAX_PLAIN_HTTP_BYTES


def _explain_rate_limit(what: str, head: AnswerHead) -> SourceError:
    seconds = head.retry_after_seconds
    if seconds is None:
        seconds = _find_reset(head.headers.get("ratelimit", ""))
    when = "" if seconds is None else f", again in {seconds:.0f} s"
    reason = "".join(letter for letter in head.headers.get("x-error-message", "")[:200] if letter.isprintable())
    text = f"{what}: the server limits the rate of requests ({name_status(429)}{when}){reason and ': '}{reason}"
    return SourceError(text, permanent=False, retry_after_seconds=seconds, cause=Cause.RATE)


def _find_reset(limits: str) -> float | None:
    """Return in how many seconds the used-up rate limits reset (`"api";r=0;t=55`); None if none is used up."""
    waits = []
    for window in limits.split(","):
        remaining, reset = _REMAINING.search(window), _RESET_SECONDS.search(window)
        if reset and (remaining is None or int(remaining[1]) == 0):
            waits.append(float(reset[1]))
    return max(waits, default=None)
