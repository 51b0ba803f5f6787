"""A worker reads its bandwidth again while it runs: from `.env`, as nobody can change a process's environment."""

from functools import partial
from pathlib import Path

import pytest
from flask import Flask

from downloads_app import config, locations
from tests.support.server import wait_until
from tests.worker.running import working


def test_hang_up_reads_what_the_env_file_says_by_then(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("MAX_BYTES_PER_SECOND=1000\n")
    monkeypatch.setattr(locations, "PROJECT_DIR", tmp_path)
    monkeypatch.setenv("MAX_BYTES_PER_SECOND", "1000")  # as the `flask` command copies it
    config.forget_env_file("MAX_BYTES_PER_SECOND")
    with working(app) as (worker, _):
        for content, limit in [("MAX_BYTES_PER_SECOND=2000\n", 2000), ("", None), ("MAX_BYTES_PER_SECOND=7\n", 7)]:
            env_file.write_text(content)
            worker.read_limit_again()
            wait_until(partial(lambda due: worker.bandwidth.bytes_per_second == due, limit), what=f"the limit {limit}")


def test_a_limit_of_the_environment_itself_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("MAX_BYTES_PER_SECOND=1000\n")
    monkeypatch.setattr(locations, "PROJECT_DIR", tmp_path)
    monkeypatch.setenv("MAX_BYTES_PER_SECOND", "5")
    config.forget_env_file("MAX_BYTES_PER_SECOND")
    assert config.load_settings().max_bytes_per_second == 5


def test_a_changed_limit_is_read_again_when_told(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_BYTES_PER_SECOND", "1000")
    with working(app) as (worker, _):
        assert worker.bandwidth.bytes_per_second is None
        worker.read_limit_again()
        wait_until(lambda: worker.bandwidth.bytes_per_second == 1000, what="the new limit")
        monkeypatch.setenv("MAX_BYTES_PER_SECOND", "nonsense")
        worker.read_limit_again()
        monkeypatch.setenv("MAX_BYTES_PER_SECOND", "2000")
        worker.read_limit_again()
        wait_until(lambda: worker.bandwidth.bytes_per_second == 2000, what="the next limit")
