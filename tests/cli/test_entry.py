"""`downloads-app`: every `flask` command, one instance at a time, and the demo's where one runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask.cli import ScriptInfo

from downloads_app import create_app
from downloads_app.cli import demo_instance
from downloads_app.cli.entry import main
from tests.support.server import PROJECT


def test_every_flask_command_of_ours_is_there(tmp_path: Path) -> None:
    app = create_app(instance_dir=tmp_path, database_url="")
    context = main.make_context("downloads-app", ["users", "list"], obj=ScriptInfo(create_app=lambda: app))
    assert set(app.cli.list_commands(context)) | {"db", "run", "shell", "routes"} <= set(main.list_commands(context))


def test_commands_join_the_demo_while_it_runs_and_only_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_instance, "_RECORD", tmp_path / "record")
    monkeypatch.setenv("INSTANCE_DIR", "")
    monkeypatch.setenv("DATABASE_URL", "")
    demo_instance.join()
    assert os.environ["INSTANCE_DIR"] == ""
    with demo_instance.publish({"INSTANCE_DIR": "/the/demo's own"}):
        (tmp_path / "left over").write_text((tmp_path / "record").read_text())
        demo_instance.join()
        assert os.environ["INSTANCE_DIR"] == "/the/demo's own"
        with pytest.raises(SystemExit, match="a demo runs in this folder already"), demo_instance.publish({}):
            pass
    monkeypatch.setenv("INSTANCE_DIR", "")
    monkeypatch.setattr(demo_instance, "_RECORD", tmp_path / "left over")  # of a demo that was killed
    demo_instance.join()
    assert os.environ["INSTANCE_DIR"] == ""


@pytest.mark.parametrize("name", ["INSTANCE_DIR", "DATABASE_URL"])
def test_who_chooses_an_instance_does_not_join_the_demo(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_instance, "_RECORD", tmp_path / "record")
    monkeypatch.setenv(name, "mine")
    with demo_instance.publish({"DOWNLOADS_DIR": "of the demo"}):
        demo_instance.join()
    assert os.environ.get("DOWNLOADS_DIR") != "of the demo"


@pytest.mark.parametrize(
    ("words", "joins"),
    [
        (["run", "--bind", "127.0.0.1:99999"], False),
        (["--instance", "/dev/null/x", "run", "-b", "127.0.0.1:99999"], False),
        (["downloads", "worker", "--concurrency", "0"], False),
        (["downloads", "list", "--limit", "none"], True),
        (["users", "list", "--nothing"], True),
    ],
)
def test_a_server_or_a_worker_never_joins_the_demo(
    words: list[str], joins: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_instance, "_RECORD", tmp_path / "record")
    monkeypatch.setenv("INSTANCE_DIR", "")
    monkeypatch.setenv("DATABASE_URL", "")
    with demo_instance.publish({"INSTANCE_DIR": "/the/demo's own"}):
        done = CliRunner().invoke(main, words)  # none of them begins: the last argument is refused
    assert done.exit_code in (1, 2)
    assert ("the demo that runs here" in done.output) is joins
    assert (os.environ["INSTANCE_DIR"] == "/the/demo's own") is joins


@pytest.mark.parametrize("is_elsewhere", [True, False])
def test_who_joins_the_demo_is_told_how_the_service_is_reached(
    is_elsewhere: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    service = tmp_path / ("else where" if is_elsewhere else "instance")
    if is_elsewhere:
        (tmp_path / ".env").write_text(f"INSTANCE_DIR='{service}'\n")
    monkeypatch.setattr(demo_instance, "_RECORD", tmp_path / "record")
    monkeypatch.setattr(demo_instance, "default_instance_dir", lambda: tmp_path / "instance")
    monkeypatch.setattr(demo_instance, "env_file", lambda: tmp_path / ".env")
    monkeypatch.setenv("DATABASE_URL", "")
    monkeypatch.chdir(tmp_path)
    told = []
    with demo_instance.publish({"INSTANCE_DIR": "/the/demo's own"}):
        for is_there in (False, True):
            if is_there:
                service.mkdir()
            monkeypatch.setenv("INSTANCE_DIR", "")
            demo_instance.join()
            told.append(capfd.readouterr().err)
    words = "'else where'" if is_elsewhere else "instance"
    how = f"; for the service: downloads-app --instance {words} …"
    assert told == ["(the demo that runs here)\n", f"(the demo that runs here{how})\n"]


def test_wrong_usage_is_exit_code_two() -> None:
    assert CliRunner().invoke(main, ["users", "create"]).exit_code == 2


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["downlods"], "downloads"),
        (["rnu"], "run"),
        (["doctr"], "doctor"),
        (["downloads", "lst"], "list"),
        (["db", "upgrad"], "upgrade"),
    ],
)
def test_a_mistyped_command_is_told_which_one_is_like_it(typed: list[str], meant: str) -> None:
    done = CliRunner().invoke(main, typed)
    assert done.exit_code == 2
    assert f"No such command '{typed[-1]}'" in done.stderr
    assert f"'{meant}'" in done.stderr


def test_a_shell_that_asks_what_may_come_joins_the_demo_silently(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_instance, "_RECORD", tmp_path / "record")
    monkeypatch.setenv("INSTANCE_DIR", "")
    monkeypatch.setenv("DATABASE_URL", "")
    asked = {"_DOWNLOADS_APP_COMPLETE": "bash_complete", "COMP_WORDS": "downloads-app users dis", "COMP_CWORD": "2"}
    with demo_instance.publish({"INSTANCE_DIR": "/the/demo's own"}):
        done = CliRunner().invoke(main, [], env=asked, prog_name="downloads-app")
        assert os.environ["INSTANCE_DIR"] == "/the/demo's own"
    assert done.output == "plain,disable\n"  # standard error would stand in the line that is typed


@pytest.mark.parametrize(
    "words", [[], ["downloads"], ["downloads", "list"], ["audit"], ["db"], ["db", "upgrade"], ["run"]]
)
def test_who_asks_for_help_gets_no_instance(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTANCE_DIR", str(tmp_path / "instance"))
    done = CliRunner().invoke(main, [*words, "--help"], prog_name="downloads-app")
    assert done.exit_code == 0
    assert f"Usage: {' '.join(['downloads-app', *words])} [OPTIONS]" in done.stdout
    assert not (tmp_path / "instance").exists()


def test_a_group_of_a_library_tells_errors_in_one_line_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("INSTANCE_DIR", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    code = "import sys; sys.argv[0] = 'downloads-app'; from downloads_app.cli.entry import main; main()"
    done = subprocess.run([sys.executable, "-c", code, "db", "upgrade"], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.rpartition("error: ")[2] == "the database cannot be reached: see DATABASE_URL\n"


def test_commands_of_a_librarys_group_know_the_options_of_the_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSTANCE_DIR", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", "")
    code = "import sys; sys.argv[0] = 'downloads-app'; from downloads_app.cli.entry import main; main()"
    for words, told in (((), "(head)"), (("-d", str(tmp_path / "elsewhere")), "elsewhere")):
        command = [sys.executable, "-c", code, "db", *words, "heads"]
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
        assert told in done.stdout + done.stderr


@pytest.mark.parametrize("words", [[], ["downloads"]])
def test_help_tells_in_whole_sentences_what_commands_do(words: list[str]) -> None:
    done = CliRunner().invoke(main, [*words, "--help"])
    assert "..." not in done.stdout.partition("Commands:")[2]
    assert max(map(len, done.stdout.splitlines())) <= 80
