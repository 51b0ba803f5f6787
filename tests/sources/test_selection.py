"""What a download wants of a listing: globs, and the names that need not be good because nobody wants them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from downloads_app.errors import SourceError
from downloads_app.sources import Listing, RemoteFile
from downloads_app.sources.selection import EVERYTHING, Selection


@pytest.mark.parametrize(
    ("include", "exclude", "chosen"),
    [
        ([], [], ["a.gguf", "b.bin", "sub/c.gguf", "sub/d.txt", "[x].bin"]),
        (["*.gguf"], [], ["a.gguf", "sub/c.gguf"]),
        ([], ["sub/"], ["a.gguf", "b.bin", "[x].bin"]),
        (["*.gguf", "*.txt"], ["sub/c*"], ["a.gguf", "sub/d.txt"]),
        (["*.GGUF"], [], []),
    ],
)
def test_patterns_choose_files(include: list[str], exclude: list[str], chosen: list[str]) -> None:
    paths = ["a.gguf", "b.bin", "sub/c.gguf", "sub/d.txt", "[x].bin"]
    files = [RemoteFile(path, "http://x/") for path in paths]
    listing = Listing.choose(files, Selection(tuple(include), tuple(exclude)), "abc")
    assert [file.path for file in listing.files] == chosen
    assert (listing.commit, listing.unwanted_files) == ("abc", len(paths) - len(chosen))


def test_only_what_is_wanted_must_have_a_good_name_and_stand_beside_the_rest() -> None:
    files = [RemoteFile(path, "http://x/") for path in ("../evil", "bart", "bart/config.json", "twice", "twice")]
    wanted = Selection(exclude=("../*", "bart", "twice"))
    assert [file.path for file in Listing.choose(files, wanted).files] == ["bart/config.json"]
    for left_in in (("bart", "twice"), ("../*", "twice"), ("../*", "bart")):
        with pytest.raises(SourceError):
            Listing.choose(files, Selection(exclude=left_in))


def test_a_name_that_is_no_text_can_be_left_out() -> None:
    files = [RemoteFile(path, "http://x/") for path in ("caf\udce9.bin", "mo\ud83ddel", "größe")]
    wanted = Selection(exclude=("caf?.bin", "mo*"))
    assert [file.path for file in Listing.choose(files, wanted).files] == ["größe"]
    assert not wanted.may_hold("mo\udce9")


letters = st.text("ab", min_size=1, max_size=2)
paths = st.lists(letters, min_size=1, max_size=3).map("/".join)
patterns = st.lists(st.text("ab/*?[]", min_size=1, max_size=5), max_size=3).map(tuple)


@given(patterns, patterns, paths, letters)
def test_a_folder_that_need_not_be_listed_holds_nothing_that_is_wanted(
    include: tuple[str, ...], exclude: tuple[str, ...], folder: str, name: str
) -> None:
    wanted = Selection(include, exclude)
    assert wanted.may_hold(folder) or not wanted.matcher()(f"{folder}/{name}")


@pytest.mark.parametrize(
    ("include", "exclude", "may_hold"),
    [
        ([], [], True),
        ([], ["private/"], False),
        ([], ["private/*"], False),
        ([], ["pri*"], False),
        ([], ["*.bin"], True),
        (["models/*"], [], False),
        (["priv*.bin"], [], True),
        (["private/x.bin"], [], True),
        (["private"], [], False),
    ],
)
def test_a_folder_is_passed_by_where_nothing_below_it_can_be_wanted(
    include: list[str], exclude: list[str], may_hold: bool
) -> None:
    assert Selection(tuple(include), tuple(exclude)).may_hold("private") is may_hold
    assert EVERYTHING.may_hold("private")
