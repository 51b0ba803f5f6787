"""docs/developing.md, followed word by word: its five changes fit, and the tests it names pass with them."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.checkout import copy_project
from tests.support.server import PROJECT, environment

PAGE = (PROJECT / "docs" / "developing.md").read_text()
CHANGES = re.split(r"^### ", PAGE.partition("## Five changes")[2].partition("\n## ")[0], flags=re.MULTILINE)[1:]
STEP = re.compile(
    r"^(?:A new file `(?P<new>[^`]+)`"
    r"|In `(?P<file>[^`]+)`, (?P<how>below|above|in place of) the line(?P<begins> that begins with)? "
    r"(?P<quote>`{1,2}) ?(?P<line>.+?) ?(?P=quote)(?P<two> and the one after it)?)"
    r":\n\n```\w*\n(?P<text>.*?)^```$"
    r"|^```bash\n(?P<commands>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


def take(step: re.Match[str], folder: Path) -> None:
    """Write a new file, or change one, as a step says."""
    if step["new"]:
        (folder / step["new"]).parent.mkdir(exist_ok=True)
        assert not (folder / step["new"]).exists(), step["new"]
        (folder / step["new"]).write_text(step["text"])
        return
    lines = (folder / step["file"]).read_text().splitlines(keepends=True)
    wanted = step["line"] if step["line"].startswith("|") else _with_indent(step)
    found = [
        n for n, line in enumerate(lines) if (line.startswith if step["begins"] else line.rstrip("\n").__eq__)(wanted)
    ]
    assert len(found) >= 1, f"{step['file']} has no line {wanted!r}"
    first, last = {
        "below": (found[0] + 1, found[0] + 1),
        "above": (found[0], found[0]),
        "in place of": (found[0], found[0] + (2 if step["two"] else 1)),
    }[step["how"]]
    lines[first:last] = [step["text"]]
    (folder / step["file"]).write_text("".join(lines))


def _with_indent(step: re.Match[str]) -> str:
    """Return the line with the spaces before it, which the pattern leaves to the quote."""
    quoted = step[0].partition(step["quote"])[2] if step["quote"] == "``" else step[0].split("`")[3]
    return quoted.partition(step["quote"])[0] if step["quote"] == "``" else quoted


def run(commands: str, folder: Path, tmp_path: Path) -> None:
    """Run commands of the page, with the tests' own Python."""
    env = environment("", tmp_path / "instance") | {"PYTHONPATH": ""}
    commands = commands.replace(".venv/bin/python", shlex.quote(sys.executable))
    done = subprocess.run(["bash", "-ec", commands], cwd=folder, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def follow(change: str, folder: Path, tmp_path: Path, pytest_too: bool) -> None:
    """Take all steps of a change in their order."""
    steps = list(STEP.finditer(change))
    assert len(steps) == change.count("\n```") // 2, "a block that is no step"
    for step in steps:
        if not step["commands"]:
            take(step, folder)
        elif pytest_too or "pytest" not in step["commands"]:
            run(step["commands"], folder, tmp_path)


@pytest.mark.scale
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.partition("\n")[0])
def test_a_change_that_follows_the_page_passes_the_tests_that_it_names(change: str, tmp_path: Path) -> None:
    follow(change, copy_project(tmp_path / "project"), tmp_path, pytest_too=True)


def test_all_changes_of_the_page_fit_together_and_into_the_code(tmp_path: Path) -> None:
    folder, news = copy_project(tmp_path / "project"), re.findall(r"A new file `(tests/[^`]+)`", PAGE)
    assert len(CHANGES) == 5
    for change in CHANGES:
        follow(change, folder, tmp_path, pytest_too=False)
    detail = "tests/web/api/test_downloads.py::test_a_download_is_what_the_stream_says_and_more"
    run(f".venv/bin/python -m pytest -k 'not postgresql' {' '.join(news)} {detail}", folder, tmp_path)
    run(".venv/bin/python -m ruff check . && .venv/bin/python -m ruff format --check .", folder, tmp_path)
