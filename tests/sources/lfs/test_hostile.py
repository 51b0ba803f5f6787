"""Kind `lfs` against Git servers that lie or never end."""

import itertools
import json
from collections.abc import Callable

import pytest

from downloads_app.errors import SourceError
from downloads_app.sources import Access
from downloads_app.sources.lfs import api, github
from downloads_app.sources.lfs.source import LfsSource
from tests.support.forge import COMMIT, blob_name
from tests.support.pages import Page, serve_pages

NAME = "a" * 40


def page(document: object, **headers: str) -> Page:
    return Page(json.dumps(document).encode(), "application/json", headers=headers)


def gitea(*rows: object, **fields: object) -> Callable[[str], Page]:
    """Answer as Gitea does, with these entries of the tree on each page."""

    def answer(path: str) -> Page:
        if path == "/api/v1/version":
            return page({"version": "1"})
        if "/commits?" in path:
            return page([{"sha": COMMIT}])
        if "/git/trees/" in path:
            return page({"tree": rows, "truncated": False} | fields)
        return Page(b"x" * 130, "text/plain")

    return answer


def row(path: object = "a", **fields: object) -> dict[str, object]:
    return {"path": path, "type": "blob", "sha": NAME, "size": 1} | fields


def list_paths(answer: Callable[[str], Page], repository: str = "o/r") -> list[str]:
    with serve_pages(answer) as pages:
        source = LfsSource(Access(pages.url, allow_private_network=True))
        return [file.path for file in source.list_files(repository, None).files]


def refuse(answer: Callable[[str], Page], repository: str = "o/r") -> SourceError:
    with pytest.raises(SourceError) as caught:
        list_paths(answer, repository)
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 500
    return caught.value


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/passwd", "a/../../b", "..", "a\\b", "C:/x", "a\0b", "a\nb", "x" * 300, "", "\ud800"]
)
def test_a_hostile_name_is_refused_before_anything_is_asked_for_by_it(name: str) -> None:
    asked: list[str] = []
    answer = gitea(row(name, size=130))

    def remember(path: str) -> Page:
        asked.append(path)
        return answer(path)

    assert "Refused the file name" in refuse(remember).message
    assert not [path for path in asked if "/raw/" in path]


@pytest.mark.parametrize(
    "entry",
    [
        row(sha="../../x"),
        row(sha=None),
        row(sha="A" * 40),
        row(5),
        row(None),
        row(size=-1),
        row(size="5"),
        row(size=True),
        row(size=2**70),
        row(type="portal"),
        row(type=None),
        "text",
        None,
    ],
)
def test_an_entry_that_cannot_be_read_is_an_error_and_never_left_out(entry: object) -> None:
    assert refuse(gitea(row("good"), entry)).permanent


def test_two_files_of_one_name_are_refused() -> None:
    assert "names 'a' twice" in refuse(gitea(row("a"), row("a"))).message


def test_a_pointer_whose_bytes_are_not_those_of_the_commit_is_refused() -> None:
    assert "its bytes are not those of the commit" in refuse(gitea(row(size=130))).message
    assert list_paths(gitea(row(size=130, sha=blob_name(b"x" * 130)))) == ["a"]


def test_a_list_that_says_it_goes_on_and_does_not_is_an_error() -> None:
    assert "ends before its end" in refuse(gitea(truncated=True)).message


@pytest.mark.parametrize("told", [{"truncated": None}, {"truncated": "no", "total_count": None}])
def test_a_list_that_does_not_tell_whether_it_is_whole_is_an_error(told: dict[str, object]) -> None:
    assert "whether its list of files is whole" in refuse(gitea(row(), **told)).message


def test_a_list_that_never_ends_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    from downloads_app.sources.lfs import gitea as gitea_api

    monkeypatch.setattr(gitea_api, "MAX_FILES", 20)
    assert "too large" in refuse(gitea(*(row(f"f{n}") for n in range(7)), truncated=True)).message
    monkeypatch.setattr("downloads_app.sources.lfs.source.MAX_FILES", 5)
    assert "more than 5 files" in refuse(gitea(*(row(f"f{n}") for n in range(7)))).message


def test_an_answer_that_does_not_end_is_left_alone() -> None:
    answer = gitea()

    def endless(path: str) -> Page:
        return Page(itertools.repeat(b" " * 65536)) if "/git/trees/" in path else answer(path)

    assert f"longer than {api.MAX_ANSWER_BYTES} bytes" in refuse(endless).message


@pytest.mark.parametrize("answered", [b"", b"not json", b"[]", b'"x"', b'{"tree": 5}', b"[" * 100_000])
def test_what_is_no_tree_is_an_error(answered: bytes) -> None:
    answer = gitea()
    refuse(lambda path: Page(answered, "application/json") if "/git/trees/" in path else answer(path))


@pytest.mark.parametrize("commit", [None, "../x", 5, "main"])
def test_what_is_no_commit_is_an_error(commit: object) -> None:
    answer = gitea()
    refuse(lambda path: page([{"sha": commit}]) if "/commits?" in path else answer(path))


def test_a_github_whose_folders_hold_themselves_is_too_deep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(github, "MAX_DEPTH", 4)

    def answer(path: str) -> Page:
        if path == "/api/v3/meta":
            return page({})
        if "/commits/" in path:
            return Page(COMMIT.encode(), "text/plain")
        if "/git/trees/" in path:
            tree = {"path": "x", "type": "tree", "sha": NAME}
            return page({"tree": [tree], "truncated": "recursive" in path})
        return Page(status=404)

    assert "more than 4 folders below each other" in refuse(answer).message


def gitlab(tree: Callable[[str], Page], sizes: object = None) -> Callable[[str], Page]:
    def answer(path: str) -> Page:
        if path == "/api/v4/version":
            return page({"version": "17"})
        if "/commits/" in path:
            return page({"id": COMMIT})
        if path == "/api/graphql":
            return page(sizes)
        return tree(path) if "/tree?" in path else Page(status=404)

    return answer


@pytest.mark.parametrize(
    "sizes",
    [
        None,
        {"errors": [{"message": "no"}]},
        {"data": {"project": None}},
        {"data": {"project": {"repository": {"blobs": {"nodes": []}}}}},
        {"data": {"project": {"repository": {"blobs": {"nodes": [{"path": "a", "size": "-1"}]}}}}},
        {"data": {"project": {"repository": {"blobs": {"nodes": [{"path": "a", "size": "x"}]}}}}},
        {"data": {"project": {"repository": {"blobs": {"nodes": [None]}}}}},
    ],
)
def test_a_gitlab_that_does_not_tell_every_size_is_an_error(sizes: object) -> None:
    entry = {"path": "a", "type": "blob", "id": NAME}
    assert "does not tell the sizes of all files" in refuse(gitlab(lambda path: page([entry]), sizes)).message


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("<http://x/tree?page_token=a&ref=other>", "does not end"),
        ("<http://x/tree?page=2>", "does not end"),
        ("<http://x/tree>", "cannot be read"),
        ("<http://x/tree?ref=main>", "cannot be read"),
        ("<http://[x/tree?page=2>", "cannot be read"),
    ],
)
def test_a_gitlab_whose_pages_lead_nowhere_is_an_error(link: str, said: str) -> None:
    tree = {"path": "x", "type": "tree", "id": NAME}
    asked: list[str] = []

    def answer(path: str) -> Page:
        asked.append(path)
        return page([tree], Link=f'{link}; rel="next"')

    assert said in refuse(gitlab(answer)).message
    assert all(f"?ref={COMMIT}&recursive=true" in path and "ref=other" not in path for path in asked)


def test_a_limited_github_is_asked_again_when_it_says_by_its_own_clock() -> None:
    limits = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1577837100", "Date": "Wed, 01 Jan 2020 00:00:00 GMT"}

    def answer(path: str) -> Page:
        return page({}) if path == "/api/v3/meta" else Page(b"{}", "application/json", 403, limits)

    error = refuse(lambda path: Page(status=404) if path.startswith(("/api/v1", "/api/v4")) else answer(path))
    assert (error.permanent, error.retry_after_seconds) == (False, 300.0)


def test_a_server_of_another_kind_is_told_as_such() -> None:
    error = refuse(lambda path: Page(b"<html>", "text/html"))
    assert "neither as GitHub, nor as GitLab, nor as Gitea or Forgejo" in error.message
