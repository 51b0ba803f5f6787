"""Kind `huggingface` against the test hub: what is listed, and what each refusal says."""

import concurrent.futures
import itertools
import json
import resource
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from downloads_app.errors import SourceError
from downloads_app.sources import Access, Listing
from downloads_app.sources.answers import AnswerHead
from downloads_app.sources.http import MAX_LISTING_BYTES
from downloads_app.sources.hub_refusals import MAX_PLAIN_HTTP_BYTES, explain_hub_refusal
from downloads_app.sources.huggingface import HuggingFaceSource
from tests.support.hub import Hub
from tests.support.hub_answers import HubRefusal
from tests.support.hub_repository import LFS_SUFFIXES
from tests.support.pages import Page, serve_pages
from tests.support.repositories import SMALL_SIZES_BYTES, build_repository, make_content

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="module")
def source_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("source")
    build_repository(folder, SMALL_SIZES_BYTES)
    return folder


@pytest.fixture
def hub(source_folder: Path) -> Iterator[Hub]:
    with Hub() as hub:
        hub.tokens |= {"good": {"org/gated"}, "other": set()}
        hub.add("org/open", source_folder)
        hub.add("org/private", source_folder, private=True)
        hub.add("org/gated", source_folder, gated=True)
        yield hub


def open_hub(url: str, token: str | None = None) -> HuggingFaceSource:
    return HuggingFaceSource(Access(url, token=token, allow_private_network=True))


def refuse(
    url: str, repository: str = "org/open", revision: str | None = None, token: str | None = None
) -> SourceError:
    with pytest.raises(SourceError) as caught:
        open_hub(url, token).list_files(repository, revision)
    assert caught.value.message.isprintable()
    assert "secret" not in caught.value.message
    return caught.value


def serve_info(**fields: object) -> dict[str, Page]:
    info = {"id": "o/r", "sha": COMMIT, "siblings": [], "private": False, "tags": [], "downloads": 0} | fields
    return {"/api/models/o/r?blobs=true": Page(json.dumps(info).encode(), "application/json")}


def test_all_files_are_listed_with_size_digest_and_address_at_one_commit(hub: Hub) -> None:
    repository = hub.repositories["org/open"]
    listing = open_hub(hub.url + "/").list_files("org/open", None)
    assert listing.commit == repository.refs["main"]
    assert {file.path: file.size_bytes for file in listing.files} == SMALL_SIZES_BYTES
    for file in listing.files:
        assert file.url.startswith(f"{hub.url}/org/open/resolve/{listing.commit}/")
        assert urllib.request.urlopen(file.url).read() == make_content(file.path, SMALL_SIZES_BYTES[file.path])
        stored = repository.commits[repository.refs["main"]][file.path]
        assert file.sha256 == stored.sha256
        assert (file.sha256 is not None) == (Path(file.path).suffix in LFS_SUFFIXES)


def test_a_branch_is_pinned_to_its_commit_and_a_commit_stays_listed_when_the_branch_moves(
    hub: Hub, tmp_path: Path
) -> None:
    build_repository(tmp_path, {"a": 1})
    repository = hub.add("org/moving", tmp_path)
    first = open_hub(hub.url).list_files("org/moving", "main")
    build_repository(tmp_path, {"b": 1})
    repository.commit(tmp_path)
    assert first.commit is not None
    assert open_hub(hub.url).list_files("org/moving", first.commit) == first
    assert [file.path for file in open_hub(hub.url).list_files("org/moving", None).files] == ["a", "b"]


def test_a_branch_with_a_slash_in_its_name_is_found(hub: Hub) -> None:
    repository = hub.repositories["org/open"]
    repository.refs["refs/pr/1"] = repository.refs["main"]
    assert open_hub(hub.url).list_files("org/open", "refs/pr/1").commit == repository.refs["main"]


@pytest.mark.parametrize("kind", ["datasets", "spaces"])
def test_a_data_set_or_space_is_listed_by_its_prefix(hub: Hub, source_folder: Path, kind: str) -> None:
    hub.add(f"{kind}/org/rows", source_folder)
    listing = open_hub(hub.url).list_files(f"{kind}/org/rows", None)
    assert listing.files[0].url.startswith(f"{hub.url}/{kind}/org/rows/resolve/{listing.commit}/")
    assert urllib.request.urlopen(listing.files[0].url).status == 200


def test_a_token_opens_private_and_gated_repositories(hub: Hub) -> None:
    for repository in ("org/private", "org/gated"):
        assert len(open_hub(hub.url, "good").list_files(repository, None).files) == len(SMALL_SIZES_BYTES)


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


def test_the_token_is_sent_to_the_hub_and_to_nobody_else(hub: Hub) -> None:
    with serve_pages(lambda path: Page(status=302, headers={"Location": hub.url + path})) as mirror:
        open_hub(mirror.url, "secret").list_files("org/open", None)
    assert {headers.get("authorization") for _, headers in mirror.requests} == {"Bearer secret"}
    assert [headers.get("authorization") for _, headers in hub.requests] == [None]


def test_a_private_address_is_refused_where_its_admin_did_not_allow_it(hub: Hub) -> None:
    with pytest.raises(SourceError) as caught:
        HuggingFaceSource(Access(hub.url)).list_files("org/open", None)
    assert caught.value.permanent
    assert hub.requests == []


def test_a_redirect_to_a_private_address_elsewhere_is_refused(hub: Hub) -> None:
    elsewhere = hub.url.replace("127.0.0.1", "127.0.0.2")
    with serve_pages(lambda path: Page(status=302, headers={"Location": elsewhere + path})) as mirror:
        assert refuse(mirror.url).permanent
    assert hub.requests == []


def test_many_providers_in_many_threads_never_mix(source_folder: Path) -> None:
    with Hub() as first, Hub() as second:
        hubs = [first, second]
        for number, hub in enumerate(hubs):
            hub.tokens |= {f"token-{number}": set()}
            hub.add(f"org/only-{number}", source_folder, private=True)

        def list_once(number: int) -> bool:
            hub = hubs[number % 2]
            listing = open_hub(hub.url, f"token-{number % 2}").list_files(f"org/only-{number % 2}", None)
            return all(file.url.startswith(hub.url) for file in listing.files)

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            assert all(pool.map(list_once, range(40)))
        for number, hub in enumerate(hubs):
            assert {headers["authorization"] for _, headers in hub.requests} == {f"Bearer token-{number}"}


def test_a_cookie_of_one_answer_is_not_sent_with_the_next(hub: Hub) -> None:
    answers = serve_info()
    ((path, page),) = answers.items()
    page = Page(page.body, page.content_type, headers={"Set-Cookie": "spy=1; Path=/"})
    with serve_pages({path: page}) as pages:
        for _ in range(2):
            open_hub(pages.url).list_files("o/r", None)
    assert len(pages.requests) == 2
    assert not any("cookie" in headers for _, headers in pages.requests)


def test_a_token_of_the_environment_is_never_used(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "from-the-environment")
    open_hub(hub.url).list_files("org/open", None)
    assert not any("authorization" in headers for _, headers in hub.requests)


def test_the_listing_goes_through_the_providers_proxy() -> None:
    ((path, page),) = serve_info().items()
    with serve_pages({f"http://hub.invalid{path}": page}) as proxy:
        access = Access("http://hub.invalid", token="t", proxy_url=proxy.url)
        assert HuggingFaceSource(access).list_files("o/r", None) == Listing((), COMMIT)
    assert proxy.paths == [f"http://hub.invalid{path}"]


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
    with serve_pages({"/api/models/o/r?blobs=true": Page(body, "application/json")}) as pages:
        error = refuse(pages.url, "o/r")
    assert error.permanent
    assert error.message.startswith("The provider does not answer as a hub does")


@pytest.mark.parametrize(
    "fields",
    [
        {"sha": None},
        {"sha": "../../x"},
        {"siblings": None},
        {"siblings": [{}]},
        {"siblings": [{"rfilename": "a", "size": -1}]},
        {"siblings": [{"rfilename": "a", "size": "1"}]},
        {"siblings": [{"rfilename": "a", "size": 1, "lfs": {"size": 1}}]},
        {"siblings": [{"rfilename": "a", "size": 1, "lfs": {"size": 1, "sha256": "x", "pointerSize": 1}}]},
    ],
)
def test_a_malformed_listing_gives_a_clear_error(fields: dict[str, object]) -> None:
    with serve_pages(serve_info(**fields)) as pages:
        error = refuse(pages.url, "o/r")
    assert error.permanent
    assert error.message.startswith("The provider does not answer as a hub does")


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "a/../../b", "a\\b", "C:x", "a\0b", "", "x" * 300])
def test_a_hostile_name_is_refused(name: str) -> None:
    with serve_pages(serve_info(siblings=[{"rfilename": "good"}, {"rfilename": name}])) as pages:
        error = refuse(pages.url, "o/r")
    assert error.permanent
    assert "Refused the file name" in error.message


def test_too_many_files_end_with_a_clear_error() -> None:
    siblings = [{"rfilename": f"{number:x}"} for number in range(100_001)]
    with serve_pages(serve_info(siblings=siblings)) as pages:
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
        assert f"longer than {MAX_LISTING_BYTES} bytes" in refuse(pages.url, "o/r").message
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000, "kilobytes"
    assert next(sent) * len(block) < 20 * MAX_LISTING_BYTES


def test_a_hub_passes_the_check_and_other_servers_do_not(hub: Hub) -> None:
    open_hub(hub.url).check()
    open_hub(hub.url, "good").check()
    with pytest.raises(SourceError, match="refuses this provider's token"):
        open_hub(hub.url, "bad").check()
    with serve_pages({}) as pages, pytest.raises(SourceError, match="404"):
        open_hub(pages.url).check()
    with (
        serve_pages(lambda path: Page(b"{}", "application/json")) as pages,
        pytest.raises(SourceError, match="as a hub"),
    ):
        open_hub(pages.url).check()
