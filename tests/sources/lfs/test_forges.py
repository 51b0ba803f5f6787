"""Kind `lfs` lists the same repository from GitHub's, GitLab's and Gitea's API."""

import hashlib

import pytest

from downloads_app.errors import SourceError
from downloads_app.sources import Access, Listing
from downloads_app.sources.lfs.api import Api
from downloads_app.sources.lfs.source import LfsSource, find_forge
from downloads_app.sources.selection import Selection
from tests.support.forge import COMMIT, Forge, Kind, blob_name, serve_forge
from tests.support.giftless import make_pointer

KINDS = ["github", "gitlab", "gitea"]
WEIGHTS = hashlib.sha256(b"weights").hexdigest()
FILES = {
    ".gitattributes": b"*.bin filter=lfs diff=lfs merge=lfs -text\n",
    "README.md": b"# About\n",
    "deep/er/größe %?.txt": b"y" * 130,
    "deep/weights.bin": make_pointer(WEIGHTS, 123_456_789),
    "empty": b"",
    "vendor": b"a submodule's commit",
}
LISTED = [path for path in sorted(FILES) if path != "vendor"]
every_kind = pytest.mark.parametrize("kind", KINDS)


def make_forge(kind: Kind, **options: object) -> Forge:
    name = "group/sub/model" if kind == "gitlab" else "org/model"
    return Forge(kind, dict(FILES), {"vendor": "160000"}, name, **options)  # type: ignore[arg-type]  # passed on as given


def list_files(forge: Forge, revision: str | None = None, **options: object) -> Listing:
    with serve_forge(forge) as running:
        access = Access(running.url, allow_private_network=True, **options)  # type: ignore[arg-type]  # as given
        return LfsSource(access).list_files(forge.repository, revision)


def refuse(forge: Forge, repository: str | None = None, revision: str | None = None, **options: object) -> SourceError:
    with serve_forge(forge) as running:
        access = Access(running.url, allow_private_network=True, **options)  # type: ignore[arg-type]  # as given
        with pytest.raises(SourceError) as caught:
            LfsSource(access).list_files(repository or forge.repository, revision)
    assert caught.value.message.isprintable()
    return caught.value


@every_kind
@pytest.mark.parametrize("revision", [None, "v1", "feature/x", COMMIT])
def test_every_file_of_the_commit_is_listed(kind: Kind, revision: str | None) -> None:
    forge = make_forge(kind)
    listing = list_files(forge, revision)
    assert listing.commit == COMMIT
    files = {file.path: file for file in listing.files}
    assert sorted(files) == LISTED
    weights = files.pop("deep/weights.bin")
    assert (weights.sha256, weights.size_bytes, weights.git_sha1) == (WEIGHTS, 123_456_789, None)
    assert weights.url == f"{forge.url}/{forge.repository}.git/info/lfs/objects/{WEIGHTS}"
    for path, file in files.items():
        assert (file.size_bytes, file.git_sha1, file.sha256) == (len(FILES[path]), blob_name(FILES[path]), None)
    looked_at = [path for path, _ in forge.requests if "raw" in path or "blobs/" in path]
    assert len(looked_at) == (0 if kind == "gitlab" else 2), "only what is as long as a pointer is looked at"


def test_a_gitlab_that_does_not_tell_contents_is_asked_for_them_one_by_one() -> None:
    forge = make_forge("gitlab", tells_contents=False)
    files = {file.path: file for file in list_files(forge).files}
    assert files["deep/weights.bin"].sha256 == WEIGHTS
    assert len([path for path, _ in forge.requests if path.endswith("/raw")]) == 2


@every_kind
def test_what_is_not_wanted_is_not_looked_at(kind: Kind) -> None:
    forge = make_forge(kind)
    with serve_forge(forge) as running:
        source = LfsSource(Access(running.url, allow_private_network=True))
        listing = source.list_files(forge.repository, None, Selection(exclude=("deep/*",)))
    assert [file.path for file in listing.files] == [".gitattributes", "README.md", "empty"]
    assert not [path for path, _ in forge.requests if "raw" in path or "blobs/" in path]


@pytest.mark.parametrize("kind", ["gitlab", "gitea"])
@pytest.mark.parametrize("page_size", [1, 3, 9])
def test_a_tree_of_many_pages_is_complete(kind: Kind, page_size: int) -> None:
    assert sorted(file.path for file in list_files(make_forge(kind, page_size=page_size)).files) == LISTED


def test_a_tree_that_github_cuts_is_walked_folder_by_folder() -> None:
    assert sorted(file.path for file in list_files(make_forge("github", tree_limit=5)).files) == LISTED


def test_a_folder_that_github_cuts_is_an_error() -> None:
    error = refuse(make_forge("github", tree_limit=2))
    assert "the server cuts the list of folder ''" in error.message
    assert error.permanent


@every_kind
def test_a_token_opens_what_is_closed_and_a_wrong_one_is_told_as_such(kind: Kind) -> None:
    forge = make_forge(kind, token="the-secret-token")
    assert len(list_files(forge, token="the-secret-token").files) == len(LISTED)
    for options in ({}, {"token": "another-secret"}):
        message = refuse(make_forge(kind, token="the-secret-token"), **options).message
        assert "a token is missing, or is refused" in message
        assert "secret" not in message


@every_kind
def test_an_unknown_repository_or_revision_is_not_found(kind: Kind) -> None:
    assert "'org/other' is not found" in refuse(make_forge(kind), "org/other").message
    assert "at 'v9' is not found" in refuse(make_forge(kind), revision="v9").message


@pytest.mark.parametrize("repository", ["model", "org/../x", "org//x", "/", "org/x\n"])
def test_what_is_no_name_of_a_repository_is_refused(repository: str) -> None:
    assert "owner/name is expected" in refuse(make_forge("gitea"), repository).message


@every_kind
def test_a_provider_is_checked_by_its_api(kind: Kind) -> None:
    with serve_forge(make_forge(kind)) as running:
        LfsSource(Access(running.url, allow_private_network=True)).check()


def test_the_public_github_is_asked_at_its_own_hosts() -> None:
    forge = find_forge(Api(Access("https://github.com/")))
    assert forge.web == "https://github.com"
