"""The cause of a failure, for the metrics: one of few words, whatever the provider says."""

import pycurl
import pytest

from downloads_app.errors import Cause, SourceError
from downloads_app.sources.answers import AnswerHead, explain_curl_error, explain_status
from downloads_app.sources.hub.refusals import explain_hub_refusal


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (202, Cause.RATE),
        (302, Cause.CONTENT),
        (400, Cause.REFUSED),
        (401, Cause.REFUSED),
        (404, Cause.MISSING),
        (408, Cause.SERVER),
        (410, Cause.MISSING),
        (429, Cause.RATE),
        (451, Cause.REFUSED),
        (500, Cause.SERVER),
        (524, Cause.SERVER),
        (999, Cause.SERVER),
    ],
)
def test_each_status_has_its_cause(status: int, cause: Cause) -> None:
    assert explain_status("f", AnswerHead.of(status, {})).cause == cause


@pytest.mark.parametrize("code", [pycurl.E_COULDNT_CONNECT, pycurl.E_PEER_FAILED_VERIFICATION, 12_345])
def test_what_libcurl_says_is_the_network(code: int) -> None:
    assert explain_curl_error(code, "f").cause == Cause.NETWORK


@pytest.mark.parametrize(
    ("status", "headers", "cause"),
    [
        (401, {"x-error-message": "Invalid credentials in Authorization header"}, Cause.REFUSED),
        (401, {"x-error-message": "Invalid username or password."}, Cause.MISSING),
        (403, {"x-error-code": "GatedRepo"}, Cause.REFUSED),
        (404, {"x-error-code": "EntryNotFound"}, Cause.MISSING),
        (429, {}, Cause.RATE),
    ],
)
def test_a_hubs_refusals_have_theirs(status: int, headers: dict[str, str], cause: Cause) -> None:
    error = explain_hub_refusal("f", AnswerHead.of(status, headers))
    assert error is not None
    assert error.cause == cause


def test_what_says_nothing_else_is_the_content() -> None:
    assert SourceError("x", permanent=True).cause == Cause.CONTENT
    assert SourceError("x", permanent=True, is_missing=True).cause == Cause.MISSING
