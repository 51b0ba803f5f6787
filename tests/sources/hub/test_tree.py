"""Kind `huggingface`: the paged tree is the list of files, whole or an error."""

import itertools
from collections.abc import Mapping

import pytest

from downloads_app.errors import SourceError
from downloads_app.sources import Access, listing_reader
from downloads_app.sources.hub.source import HuggingFaceSource
from downloads_app.sources.selection import Selection
from tests.sources.hub.hub_sources import COMMIT, TREE, describe, open_hub, page_of, refuse, row, serve_tree
from tests.support.pages import Page, serve_pages

XET = "e" * 64
SHA256 = "5" * 64
TREE_PATH = TREE.partition("?")[0]


def list_paths(answers: Mapping[str, Page], wanted: Selection | None = None) -> list[str]:
    with serve_pages(answers) as pages:
        return [file.path for file in open_hub(pages.url).list_files("o/r", None, wanted or Selection()).files]


def refuse_tree(answers: Mapping[str, Page]) -> SourceError:
    with serve_pages(answers) as pages:
        return refuse(pages.url, "o/r")


def test_all_pages_are_read_whatever_the_plain_list_of_names_says() -> None:
    """The plain list is cut at a thousand names and more, and at times it is empty."""
    numbers = iter(range(2_500))
    pages: dict[str, Page] = {"/api/models/o/r": describe()}
    for at, following in (
        ("recursive=true&expand=false", "cursor=a%2Bb"),
        ("cursor=a%2Bb", "cursor=c"),
        ("cursor=c", ""),
    ):
        rows = [row(f"f{number}") for number in itertools.islice(numbers, 1_000)]
        link = f'<https://hub.example{TREE_PATH}?{following}>; rel="next"' if following else ""
        pages[f"{TREE_PATH}?{at}"] = page_of(*rows, link=link)
    assert list_paths(pages) == [f"f{number}" for number in range(2_500)]


def test_sizes_and_sums_come_from_the_tree() -> None:
    lfs = {"oid": SHA256, "size": 7_000_000_000, "pointerSize": 135}
    rows = (
        {"type": "directory", "path": "sub", "oid": "d" * 40, "size": 0},
        row("sub/model.gguf", size=7_000_000_000, lfs=lfs, xetHash=XET),
        row("a b.json", size=12, oid="b" * 40),
        row("strange sums", oid=5, xetHash=5),
    )
    with serve_pages(serve_tree(*rows)) as pages:
        model, config, strange = open_hub(pages.url).list_files("o/r", None).files
        resolve = f"{pages.url}/o/r/resolve/{COMMIT}"
    assert (model.url, model.size_bytes) == (f"{resolve}/sub/model.gguf", 7_000_000_000)
    assert (model.sha256, model.git_sha1, model.xet_hash) == (SHA256, None, XET)  # the oid is the pointer's
    assert (config.url, config.size_bytes) == (f"{resolve}/a%20b.json", 12)
    assert (config.sha256, config.git_sha1, config.xet_hash) == (None, "b" * 40, None)
    assert (strange.sha256, strange.git_sha1, strange.xet_hash) == (None, None, None)


@pytest.mark.parametrize(
    "onward", ["https://evil.example/api/models/o/r/tree/main?cursor=x", "/elsewhere?cursor=x", "http://[", "?", ""]
)
def test_a_list_that_goes_on_at_another_place_is_an_error(onward: str) -> None:
    answers = serve_tree() | {TREE: page_of(row("a"), link=f'<{onward}>; rel="next"')}
    assert "goes on at another place" in refuse_tree(answers).message


@pytest.mark.parametrize("link", ['rel="next"; <x>', '<{0}?cursor=1>; rel="prev"', ""])
def test_a_link_that_is_no_next_one_ends_the_list(link: str) -> None:
    answers = serve_tree() | {TREE: page_of(row("a"), link=link.format(TREE_PATH))}
    assert list_paths(answers) == ["a"]


def test_no_page_is_asked_of_another_host() -> None:
    with serve_pages({}) as elsewhere:
        first = page_of(row("a"), link=f'<{elsewhere.url}{TREE_PATH}?cursor=2>; rel="next"')
        answers = {"/api/models/o/r": describe(), TREE: first, f"{TREE_PATH}?cursor=2": page_of(row("b"))}
        assert list_paths(answers) == ["a", "b"]
    assert elsewhere.requests == []


def test_a_page_that_fails_fails_the_listing() -> None:
    onward = page_of(row("a"), link=f'<{TREE_PATH}?cursor=2>; rel="next"')
    for status, permanent in (404, True), (500, False), (503, False), (429, False):
        answers = {"/api/models/o/r": describe(), TREE: onward, f"{TREE_PATH}?cursor=2": Page(status=status)}
        error = refuse_tree(answers)
        assert (error.permanent, str(status) in error.message) == (permanent, True)


def test_pages_that_lead_back_to_themselves_are_an_error() -> None:
    answers = {"/api/models/o/r": describe(), TREE: page_of(row("a"), link=f'<{TREE}>; rel="next"')}
    assert "has no end" in refuse_tree(answers).message


def test_pages_without_end_are_ended_by_number_bytes_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = itertools.count()

    def answer(path: str) -> Page:
        number = next(numbers)
        if "/tree/" not in path:
            return describe()
        return page_of(row(f"f{number}"), link=f'<{TREE_PATH}?cursor={number}>; rel="next"')

    with serve_pages(answer) as pages:
        with monkeypatch.context() as patch:
            patch.setattr(listing_reader, "MAX_DOCUMENTS", 20)
            assert "more than 20 pages" in refuse(pages.url, "o/r").message
        with monkeypatch.context() as patch:
            patch.setattr(listing_reader, "MAX_LISTING_BYTES", 2_000)
            assert "longer than" in refuse(pages.url, "o/r").message
        late = itertools.count(step=100.0)
        access = Access(pages.url, allow_private_network=True)
        with pytest.raises(SourceError, match="took too long") as caught:
            HuggingFaceSource(access, clock=lambda: next(late)).list_files("o/r", None)
        assert not caught.value.permanent


def test_a_tree_that_names_a_folder_without_its_files_is_an_error() -> None:
    """A hub that does not know `recursive`."""
    folders = [{"type": "directory", "path": path, "oid": "d" * 40, "size": 0} for path in ("sub", "sub/deep", "gone")]
    assert list_paths(serve_tree(*folders[:2], row("sub/deep/a"), row("b"))) == ["sub/deep/a", "b"]
    assert (
        "names the folder 'gone' and none of its files" in refuse_tree(serve_tree(*folders, row("sub/deep/a"))).message
    )


def test_a_name_that_the_tree_lacks_is_an_error_that_names_it() -> None:
    siblings = [{"rfilename": "a"}, {"rfilename": "gone.bin"}]
    assert "names 'gone.bin' among its files" in refuse_tree(serve_tree(row("a"), siblings=siblings)).message
    assert list_paths(serve_tree(row("a"), siblings=siblings), Selection(exclude=("gone*",))) == ["a"]
    both = [{"rfilename": "a"}, {"rfilename": "a/b"}]
    assert "'a' as a file and as a folder" in refuse_tree(serve_tree(row("a/b"), siblings=both)).message


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_hub_without_a_tree_is_believed_its_plain_list_while_that_cannot_be_cut(status: int) -> None:
    siblings = [
        {"rfilename": "a", "size": 5, "blobId": "b" * 40},
        {"rfilename": "m.bin", "size": 9, "blobId": "c" * 40, "lfs": {"sha256": SHA256, "size": 9}},
    ]
    at_commit = f"/api/models/o/r/revision/{COMMIT}?blobs=true"
    answers = {"/api/models/o/r": describe(siblings[:1]), TREE: Page(status=status), at_commit: describe(siblings)}
    with serve_pages(answers) as pages:
        a, model = open_hub(pages.url).list_files("o/r", None).files
    assert (a.path, a.size_bytes, a.git_sha1) == ("a", 5, "b" * 40)
    assert (model.path, model.size_bytes, model.sha256, model.git_sha1) == ("m.bin", 9, SHA256, None)
    for length in 0, 1_000:
        answers[at_commit] = describe([{"rfilename": f"f{number}"} for number in range(length)])
        assert f"its plain list of {length:,} may be cut" in refuse_tree(answers).message


def test_a_hub_whose_tree_fails_is_not_believed_its_plain_list() -> None:
    for status in 429, 500, 503:
        answers = serve_tree(siblings=[{"rfilename": "a"}]) | {TREE: Page(status=status)}
        assert not refuse_tree(answers).permanent


def test_a_branch_that_was_rewritten_meanwhile_is_looked_at_once_more() -> None:
    other = "f" * 40
    gone = Page(status=404, headers={"X-Error-Code": "RevisionNotFound"})
    commits = iter([COMMIT, other])

    def answer(path: str) -> Page:
        if path == "/api/models/o/r":
            return describe(sha=next(commits))
        return page_of(row("a")) if other in path else gone

    with serve_pages(answer) as pages:
        assert open_hub(pages.url).list_files("o/r", None).commit == other
    with serve_pages(serve_tree() | {TREE: gone}) as pages:
        assert "no such revision" in refuse(pages.url, "o/r").message
        assert pages.paths == ["/api/models/o/r", TREE] * 2
