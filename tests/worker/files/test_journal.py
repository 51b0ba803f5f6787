"""The list of placed files: what it remembers, what a torn line costs, and a disk that takes no line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from downloads_app.errors import NoSpace, Passing
from downloads_app.worker.files.journal import Journal
from downloads_app.worker.files.storage import Storage
from tests.support.small_disk import fill_up, small_disk
from tests.worker.files.placing import RESULT, place, put_data


def test_a_placed_file_is_remembered_until_it_is_touched(storage: Storage) -> None:
    modified_ns = put_data(storage, "a/b/x", b"abc")
    place(storage, "a/b/x", modified_ns)
    storage.close()
    assert (storage.folder / "a/b/x").read_bytes() == b"abc"
    assert Storage(storage.folder).read_done() == {"a/b/x": RESULT}
    (storage.folder / "a/b/x").write_bytes(b"abd")
    assert Storage(storage.folder).read_done() == {}


def test_where_the_disk_takes_no_line_of_the_journal_the_file_is_a_partial_one_again(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 256 * 1024) as disk:
        storage = Storage(disk / "model")
        storage.prepare([])
        storage.open_journal()
        (storage.folder / "a").mkdir()
        modified_ns = put_data(storage, "a/x", b"abc")
        ballast = fill_up(disk)
        with pytest.raises(NoSpace, match=r"done\.jsonl"):
            place(storage, "a/x", modified_ns)
        assert list((storage.folder / "a").iterdir()) == []
        ballast.unlink()
        place(storage, "a/x", modified_ns)
        storage.close()
        assert Storage(storage.folder).read_done() == {"a/x": RESULT}


def _refuse_lines(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object]) -> None:
    def refuse(_journal: Journal, _placed: object) -> None:
        meanwhile()
        raise Passing("done.jsonl: Input/output error")

    monkeypatch.setattr(Journal, "add", refuse)


def test_what_another_worker_may_have_found_in_its_place_stays_there(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_lease = [True]
    _refuse_lines(monkeypatch, has_lease.clear)
    modified_ns = put_data(storage, "a/x", b"abc")
    with pytest.raises(Passing):
        place(storage, "a/x", modified_ns, lambda: bool(has_lease))
    assert (storage.folder / "a/x").read_bytes() == b"abc"


def test_what_somebody_has_just_put_in_the_place_of_a_file_stays_there(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    final, theirs = storage.folder / "a/x", storage.folder / "theirs"
    theirs.write_bytes(b"theirs")
    _refuse_lines(monkeypatch, lambda: theirs.rename(final))
    modified_ns = put_data(storage, "a/x", b"abc")
    with pytest.raises(Passing):
        place(storage, "a/x", modified_ns)
    assert final.read_bytes() == b"theirs"


def test_a_torn_last_line_does_not_hide_the_others(storage: Storage) -> None:
    modified_ns = put_data(storage, "x", b"abc")
    place(storage, "x", modified_ns)
    storage.close()
    with (storage.partials / "done.jsonl").open("a") as done:
        done.write('{"path": "y", "modi')
    assert list(Storage(storage.folder).read_done()) == ["x"]
    later = Storage(storage.folder)
    modified_ns = put_data(later, "z", b"abc")
    place(later, "z", modified_ns)
    later.close()
    assert list(Storage(storage.folder).read_done()) == ["x", "z"]
