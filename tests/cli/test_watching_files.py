"""`downloads watch --files`: rows in a terminal, lines in a pipe."""

import io
import time
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from rich.console import Console

from downloads_app.cli.bars import SPARE_LINES, draw, format_speed
from downloads_app.cli.file_rows import MOST_ROWS, FileRows
from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Download, DownloadFile, Status, User, utc_now
from downloads_app.services.downloads import history
from downloads_app.services.queue import outcomes
from tests.support.downloading import add_downloads, add_provider, claim

MINUTE = timedelta(minutes=1)


@pytest.fixture
def running(app: Flask, alice: User) -> Download:
    """A running download of 20 files, of which two are here."""
    row = add_downloads(alice, add_provider(), "org/model", total_files=20, files_completed=2, total_bytes=2000)[0]
    for position in range(20):
        completed_at = utc_now() if position in (3, 4) else None
        file = DownloadFile(position=position, path=f"part-{position:02}[x]", url="x", size_bytes=100)
        file.download_id, file.completed_at = row.id, completed_at
        db.session.add(file)
    db.session.commit()
    return row


@pytest.mark.parametrize("width", [80, 200])
def test_missing_files_stand_below_their_download_and_fit_the_screen(running: Download, width: int) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=width, height=24, color_system=None)
    files = FileRows(current_settings().downloads_dir)
    console.print(draw(history.list_downloads().rows, console, files))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]  # of the StringIO above
    assert max(map(len, lines)) <= width
    assert sum("part-" in line for line in lines) == MOST_ROWS
    assert "part-00[x]" in lines[1]
    assert not any("part-03" in line for line in lines)
    assert "2 of 20 here" in lines[-1]


@pytest.mark.parametrize("width", [80, 119, 120, 200])
@pytest.mark.parametrize(("speed", "seconds"), [(961_200, 70), (1_023_900_000, 86_340)])
def test_speed_and_time_left_share_a_line(running: Download, width: int, speed: int, seconds: int) -> None:
    running.status, running.download_speed, running.eta_seconds = Status.DOWNLOADING, speed, seconds
    running.total_bytes, running.current_bytes = 127_900_000_000, 69_500_000_000
    running.repository.name = "atelier/sketch-diffusion"
    db.session.commit()
    console = Console(file=io.StringIO(), force_terminal=True, width=width, height=24, color_system=None)
    console.print(draw(history.list_downloads().rows, console, None))
    (line,) = console.file.getvalue().splitlines()  # type: ignore[attr-defined]  # of the StringIO above
    assert line.endswith(format_speed(running))


@pytest.mark.parametrize("width", [80, 120])
def test_what_has_lost_its_worker_has_no_speed(running: Download, width: int) -> None:
    running.status, running.download_speed, running.lease_expires_at = Status.DOWNLOADING, 5000, utc_now() - MINUTE
    db.session.commit()
    console = Console(file=io.StringIO(), force_terminal=True, width=width, height=24, color_system=None)
    console.print(draw(history.list_downloads().rows, console, None))
    drawn = console.file.getvalue()  # type: ignore[attr-defined]  # of the StringIO above
    assert ("kB/s" in drawn, "not heard of" in drawn) == (False, True)


@pytest.mark.parametrize("width", [80, 120])
def test_what_waits_while_no_worker_is_alive_says_so(running: Download, width: int) -> None:
    running.status = Status.PENDING
    db.session.commit()
    console = Console(file=io.StringIO(), force_terminal=True, width=width, height=24, color_system=None)
    console.print(draw(history.list_downloads().rows, console, None))
    (line,) = console.file.getvalue().splitlines()  # type: ignore[attr-defined]  # of the StringIO above
    assert line.endswith("no worker is alive")


@pytest.mark.parametrize("height", [10, 24, 60])
@pytest.mark.parametrize("width", [80, 200])
def test_names_that_differ_only_at_one_place_can_be_told_apart(running: Download, width: int, height: int) -> None:
    for file in db.session.query(DownloadFile):
        file.path = f"a_folder_with_a_name/diffusion_pytorch_model-{file.position:05}-of-00020.fp16.safetensors"
    db.session.commit()
    console = Console(file=io.StringIO(), force_terminal=True, width=width, height=height, color_system=None)
    console.print(draw(history.list_downloads().rows, console, FileRows(current_settings().downloads_dir)))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]  # of the StringIO above
    assert max(map(len, lines)) <= width
    assert len(lines) <= height - SPARE_LINES
    assert "2 of 20 here" in lines[-1]
    told = "".join(line.split()[0] for line in lines[1:-1])
    assert "…" not in told
    assert "-00000-of-00020." in told
    assert "-00001-of-00020." in told


def test_a_pipe_gets_a_line_for_each_file_that_is_complete(
    running: Download, runner: FlaskCliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = claim()
    assert found is not None

    def complete_one_more(_: float) -> None:
        file = db.session.query(DownloadFile).filter_by(position=0).one()
        file.completed_at = utc_now()
        db.session.commit()
        outcomes.finish(found, 2000)

    monkeypatch.setattr(time, "sleep", complete_one_more)
    done = runner.invoke(args=["downloads", "watch", running.id, "--files"])
    told = [line.split(" org/model ")[1] for line in done.stdout.splitlines() if "is here" in line]
    assert told == ["part-03[x] is here, 100 B", "part-04[x] is here, 100 B", "part-00[x] is here, 100 B"]
    assert "100% 2.0 kB/2.0 kB completed" in done.stdout.splitlines()[-1]
