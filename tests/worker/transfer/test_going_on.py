"""A transfer that goes on with what is here: partial files, finished files, files in their place."""

from pathlib import Path

import pytest

from downloads_app.sources import Access
from downloads_app.worker.transfer.bandwidth import Limits
from downloads_app.worker.transfer.transfer import Stopped, Transfer
from tests.support.file_server import FileServer
from tests.worker.transfer.transferring import Run, noise


def test_a_stopped_transfer_goes_on_where_it_was(server: FileServer, folder: Path) -> None:
    file = server.put("x.bin", noise(12 << 20))
    server.most_sent = 6 << 20
    run = Run(server, [file], folder, stop_when=lambda progress: progress.current_bytes > 1 << 20)
    with pytest.raises(Stopped) as stopped:
        run.finish()
    already_sent, server.most_sent = server.count_sent(), None

    again = Run(server, [file], folder, limits=Limits(1, 1))
    again.finish()

    assert stopped.value.kept_bytes > 4 << 20
    assert again.reports[0].current_bytes >= stopped.value.kept_bytes
    assert server.sent_bytes - already_sent <= (12 << 20) - stopped.value.kept_bytes
    assert (folder / "x.bin").read_bytes() == server.files["x.bin"]


def test_a_retry_of_changed_content_begins_at_nothing(server: FileServer, folder: Path) -> None:
    old = server.put("x.bin", noise(12 << 20))
    server.most_sent = 6 << 20
    run = Run(server, [old], folder, stop_when=lambda progress: progress.current_bytes > 1 << 20)
    with pytest.raises(Stopped):
        run.finish()
    new = server.put("x.bin", noise(12 << 20, seed=1))
    server.most_sent = None
    again = Run(server, [new], folder)
    again.finish()
    assert again.reports[0].current_bytes == 0
    assert (folder / "x.bin").read_bytes() == server.files["x.bin"]


@pytest.mark.parametrize("strong", [True, False])
def test_without_a_sum_the_validator_allows_to_go_on(server: FileServer, folder: Path, strong: bool) -> None:
    server.strong_etags = strong
    server.most_sent = 6 << 20
    file = server.put("x.bin", noise(12 << 20), told=False)
    run = Run(server, [file], folder, stop_when=lambda progress: progress.current_bytes > 1 << 20)
    with pytest.raises(Stopped) as stopped:
        run.finish()
    already_sent, server.most_sent = server.count_sent(), None
    Run(server, [file], folder, limits=Limits(1, 1)).finish()
    assert server.sent_bytes - already_sent <= (12 << 20) - stopped.value.kept_bytes
    assert all(("if-range" in seen.headers) == strong for seen in server.requests[1:] if "range" in seen.headers)
    assert (folder / "x.bin").read_bytes() == server.files["x.bin"]


def test_finished_files_are_not_fetched_again_after_a_kill(server: FileServer, folder: Path) -> None:
    files = [server.put(f"f{number}", noise(5000 + number)) for number in range(5)]
    first = Run(server, files[:3], folder)
    first.finish()
    second = Run(server, files, folder)
    second.finish()
    assert [len(server.seen(file.path)) for file in files] == [1] * 5
    assert len(second.done) == 5


def test_a_file_already_in_its_place_is_checked_instead_of_fetched(server: FileServer, folder: Path) -> None:
    good, bad = server.put("good.bin", noise(5000)), server.put("bad.bin", noise(6000))
    folder.mkdir(parents=True)
    (folder / "good.bin").write_bytes(server.files["good.bin"])
    (folder / "bad.bin").write_bytes(bytes(6000))
    Run(server, [good, bad], folder).finish()
    assert server.seen("good.bin") == []
    assert (folder / "bad.bin").read_bytes() == server.files["bad.bin"]


def test_a_whole_file_that_is_there_already_is_told_apart_from_one_that_was_fetched(
    server: FileServer, folder: Path
) -> None:
    here, missing = server.put("here.bin", noise(300_000)), server.put("missing.bin", noise(200_000))
    folder.mkdir(parents=True)
    (folder / "here.bin").write_bytes(server.files["here.bin"])  # without a journal, as after a cancel
    told: list[tuple[str, int | str]] = []
    Transfer(
        Access(server.url, allow_private_network=True),
        [here, missing],
        folder,
        limits=Limits(),
        report=lambda progress: None,
        file_done=lambda file, result: told.append(("done", file.path)),
        found_here=lambda size_bytes: told.append(("here", size_bytes)),
        should_stop=lambda: False,
    ).run()
    assert ("here", 300_000) in told
    assert told.index(("here", 300_000)) + 1 == told.index(("done", "here.bin"))
    assert [what for what, _ in told].count("here") == 1
