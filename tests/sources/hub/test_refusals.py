"""Kind `huggingface`: what each refusal, and each answer that is none, says."""

import itertools
import resource
from collections.abc import Iterator

import pytest

from downloads_app.sources.answers import AnswerHead
from downloads_app.sources.hub.refusals import MAX_PLAIN_HTTP_BYTES, explain_hub_refusal
from downloads_app.sources.listing_reader import MAX_DOCUMENT_BYTES
from tests.sources.hub.hub_sources import refuse, row, serve_tree
from tests.support.hub import Hub
from tests.support.hub_answers import HubRefusal
from tests.support.pages import Page, serve_pages


@pytest.mark.parametrize(
    ("repository", "revision", "token", "says"),
    [
        ("org/missing", None, None, "Repository 'org/missing' is not found, or it is private"),
        ("org/missing", None, "good", "Repository 'org/missing' is not found, or it is private"),
        ("org/private", None, None, "is not found, or it is private and this provider's token does not open it"),
        ("org/gated", None, None, "Repository 'org/gated' is gated: its owner has to grant access"),
        ("org/gated", None, "other", "Repository 'org/gated' is gated: its owner has to grant access"),
        ("org/open", None, "secret-bad", "the hub refuses this provider's token"),
        ("org/open", "v9", None, "Repository 'org/open' has no revision 'v9'"),
        ("org/open", "../../x", None, "has no revision '../../x'"),
        ("a/b/c", None, None, "is no name that a hub knows"),
        ("../etc", None, None, "is no name that a hub knows"),
        ("", None, None, "is no name that a hub knows"),
    ],
)
def test_a_permanent_refusal_says_what_is_wrong(
    hub: Hub, repository: str, revision: str | None, token: str | None, says: str
) -> None:
    error = refuse(hub.url, repository, revision, token)
    assert error.permanent
    assert says in error.message


def test_a_rate_limit_says_when_to_come_back(hub: Hub) -> None:
    hub.limit_rate(17)
    error = refuse(hub.url)
    assert (error.permanent, error.retry_after_seconds) == (False, 17)
    assert "limits the rate of requests (429 Too Many Requests, again in 17 s)" in error.message


def test_a_rate_limit_without_retry_after_is_read_from_the_rate_limit_header(hub: Hub) -> None:
    hub.refusals.append(HubRefusal(429, "", "slow down", {"RateLimit": '"api";r=0;t=55'}))
    assert refuse(hub.url).retry_after_seconds == 55


@pytest.mark.parametrize(
    ("windows", "seconds"),
    [('"api";r=489;t=241', None), ('"api";r=489;t=241, "pages";r=0;t=12', 12), ('"api";t=30', 30), ("nonsense", None)],
)
def test_only_a_window_in_which_nothing_is_left_is_waited_for(hub: Hub, windows: str, seconds: float | None) -> None:
    hub.refusals.append(HubRefusal(429, "", "too many at once", {"RateLimit": windows}))
    error = refuse(hub.url)
    assert error.retry_after_seconds == seconds
    assert "too many at once" in error.message


def test_a_failing_or_absent_hub_is_tried_again(hub: Hub) -> None:
    hub.refusals.append(HubRefusal(503, "", "down", {"Retry-After": "3"}))
    error = refuse(hub.url)
    assert (error.permanent, error.retry_after_seconds) == (False, 3)
    with serve_pages({}) as pages:
        pass
    assert not refuse(pages.url).permanent


def test_a_disabled_repository_says_so(hub: Hub) -> None:
    hub.refusals.append(HubRefusal(403, "", "Access to this resource is disabled."))
    assert "is disabled by the hub" in refuse(hub.url).message


@pytest.mark.parametrize(
    ("status", "message", "size_bytes"),
    [(403, "File is too large to be served over plain HTTP", 5), (413, "", MAX_PLAIN_HTTP_BYTES + 1)],
)
def test_a_file_too_large_for_plain_http_says_so(status: int, message: str, size_bytes: int) -> None:
    head = AnswerHead.of(status, {"x-error-message": message})
    error = explain_hub_refusal("big.gguf", head, size_bytes=size_bytes)
    assert error is not None
    assert error.permanent
    assert error.message == f"big.gguf ({size_bytes:,} bytes) is too large for plain HTTP at this hub"


def test_a_gate_that_closes_after_the_listing_is_told_from_an_ordinary_refusal() -> None:
    head = AnswerHead.of(403, {"x-error-code": "GatedRepo"})
    error = explain_hub_refusal("model.gguf", head)
    assert error is not None
    assert "model.gguf is gated" in error.message
    assert explain_hub_refusal("model.gguf", AnswerHead.of(403, {})) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b"5",
        b"{}",
        b'{"id":"o/r"}',
        b"[" * 100_000,
        b"\xff",
        b'{"id":"o/r","siblings":5}',
    ],
)
def test_a_server_that_is_no_hub_gives_a_clear_error(body: bytes) -> None:
    with serve_pages({"/api/models/o/r": Page(body, "application/json")}) as pages:
        error = refuse(pages.url, "o/r")
    assert error.permanent
    assert error.message.startswith("The provider does not answer as a hub does")


@pytest.mark.parametrize("fields", [{"sha": None}, {"sha": "../../x"}, {"siblings": 5}, {"siblings": [{}]}])
def test_a_malformed_description_gives_a_clear_error(fields: dict[str, object]) -> None:
    with serve_pages(serve_tree(**fields)) as pages:
        error = refuse(pages.url, "o/r")
    assert error.permanent
    assert error.message.startswith("The provider does not answer as a hub does")


@pytest.mark.parametrize(
    "malformed",
    [
        {},
        5,
        {"type": "file"},
        {"type": "file", "path": 5},
        {"path": "a", "size": 1},
        row("a", type="commit"),
        row("a", size=-1),
        row("a", size="1"),
        row("a", lfs=5),
        row("a", lfs={"size": 1}),
        row("a", lfs={"size": 1, "oid": "x", "pointerSize": 1}),
    ],
)
def test_a_malformed_tree_gives_a_clear_error(malformed: object) -> None:
    with serve_pages(serve_tree(malformed)) as pages:
        error = refuse(pages.url, "o/r")
    assert error.permanent
    assert error.message.startswith("The provider does not answer as a hub does")


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "a/../../b", "a\\b", "C:x", "a\0b", "", "x" * 300])
def test_a_hostile_name_is_refused(name: str) -> None:
    with serve_pages(serve_tree(row("good"), row(name))) as pages:
        error = refuse(pages.url, "o/r")
    assert error.permanent
    assert "Refused the file name" in error.message


def test_too_many_files_end_with_a_clear_error() -> None:
    rows = [row(f"{number:x}") for number in range(100_001)]
    with serve_pages(serve_tree(*rows)) as pages:
        assert "is too large: more than 100,000 files" in refuse(pages.url, "o/r").message


def test_a_listing_of_ten_gigabytes_ends_early_and_takes_little_memory() -> None:
    sent = itertools.count()
    block = b'{"rfilename":"x"},' * 4000

    def endless() -> Iterator[bytes]:
        yield b'{"id":"o/r","siblings":['
        while next(sent) < 10_000_000_000 // len(block):
            yield block

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with serve_pages(lambda path: Page(endless(), "application/json")) as pages:
        assert f"longer than {MAX_DOCUMENT_BYTES} bytes" in refuse(pages.url, "o/r").message
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000, "kilobytes"
    assert next(sent) * len(block) < 20 * MAX_DOCUMENT_BYTES
