"""Explains a store's error answers by the code in their XML (Amazon S3, "Error responses")."""

from downloads_app.errors import Cause, SourceError
from downloads_app.sources.answers import AnswerHead, explain_status
from downloads_app.sources.fetching import Response
from downloads_app.sources.s3.pages import read_error

_TEXTS = {
    "AccessDenied": "the store gives no access; the provider's key may not list or read it, or there is none",
    "InvalidAccessKeyId": "the store does not know the provider's access key",
    "SignatureDoesNotMatch": "the store refuses the provider's signature; its secret key is another one",
    "RequestTimeTooSkewed": "the store refuses the provider's signature; the clocks here and there differ too much",
    "ExpiredToken": "the provider's session token has expired",
    "NoSuchBucket": "the store has no such bucket",
}


def explain_refusal(answer: Response, what: str) -> SourceError:
    """Return the error that says why the store refused `what`."""
    error = read_error(answer.body)
    region = error.get("Region") or answer.headers.get("x-amz-bucket-region", "")
    if error.get("Code") == "AuthorizationHeaderMalformed" and region:
        return SourceError(f"{what}: the store wants signatures for the region {region[:80]!a}", permanent=True)
    if answer.status in (301, 307) and (error.get("Endpoint") or region):
        place = f"at {error['Endpoint'][:120]!a}" if error.get("Endpoint") else f"in the region {region[:80]!a}"
        return SourceError(f"{what}: its bucket lies {place}; give that address to the provider", permanent=True)
    if error.get("Code") in _TEXTS:
        cause = Cause.MISSING if error["Code"] == "NoSuchBucket" else Cause.REFUSED
        return SourceError(f"{what}: {_TEXTS[error['Code']]}", permanent=True, cause=cause)
    return explain_status(what, AnswerHead.of(answer.status, answer.headers))


def is_closed(answer: Response) -> bool:
    """Whether a store refuses requests without valid credentials."""
    return answer.status == 403 and read_error(answer.body).get("Code") == "AccessDenied"
