"""Kind `huggingface` against the test hub: what is listed, and who is told the token."""

import concurrent.futures
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest

from downloads_app.errors import SourceError
from downloads_app.sources import Access, Listing
from downloads_app.sources.hub.source import HuggingFaceSource
from tests.sources.hub.hub_sources import COMMIT, open_hub, refuse, serve_tree
from tests.support.hub import Hub
from tests.support.hub_repository import LFS_SUFFIXES
from tests.support.pages import Page, serve_pages
from tests.support.repositories import SMALL_SIZES_BYTES, build_repository, make_content


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
        assert file.git_sha1 == (None if file.sha256 else stored.oid)


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


def test_the_token_is_sent_to_the_hub_and_to_nobody_else(hub: Hub) -> None:
    with serve_pages(lambda path: Page(status=302, headers={"Location": hub.url + path})) as mirror:
        open_hub(mirror.url, "secret").list_files("org/open", None)
    assert {headers.get("authorization") for _, headers in mirror.requests} == {"Bearer secret"}
    assert {headers.get("authorization") for _, headers in hub.requests} == {None}


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


def test_a_cookie_of_one_answer_is_not_sent_with_the_next() -> None:
    pages_by_path = {
        path: replace(page, headers={"Set-Cookie": "spy=1; Path=/"}) for path, page in serve_tree().items()
    }
    with serve_pages(pages_by_path) as pages:
        for _ in range(2):
            open_hub(pages.url).list_files("o/r", None)
    assert len(pages.requests) == 4
    assert not any("cookie" in headers for _, headers in pages.requests)


def test_a_token_of_the_environment_is_never_used(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "from-the-environment")
    open_hub(hub.url).list_files("org/open", None)
    assert not any("authorization" in headers for _, headers in hub.requests)


def test_the_listing_goes_through_the_providers_proxy() -> None:
    answers = {f"http://hub.invalid{path}": page for path, page in serve_tree().items()}
    with serve_pages(answers) as proxy:
        access = Access("http://hub.invalid", token="t", proxy_url=proxy.url)
        assert HuggingFaceSource(access).list_files("o/r", None) == Listing((), COMMIT)
    assert proxy.paths == list(answers)


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
