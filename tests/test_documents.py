"""The documents: the front page is short, and every link within the project leads somewhere."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.server import PROJECT

LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s]+)\)")
LISTED = subprocess.run(
    ["git", "ls-files", "-co", "--exclude-standard", "*.md"], cwd=PROJECT, capture_output=True, text=True, check=True
)
PAGES = [name for name in LISTED.stdout.splitlines() if "/vendor/" not in name and (PROJECT / name).exists()]


def anchors(page: Path) -> set[str]:
    """Return the anchors that a page's headings get."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_front_page_is_short() -> None:
    assert len((PROJECT / "README.md").read_text().splitlines()) <= 115


def test_make_lists_every_target_with_what_it_does() -> None:
    done = subprocess.run(["make", "--silent", "help"], cwd=PROJECT, capture_output=True, text=True, check=True)
    listed = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
    (targets,) = re.findall(r"^\.PHONY: (.*)$", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    assert sorted(name for name, _ in listed) == sorted(targets.split())
    assert max(map(len, done.stdout.splitlines())) <= 80  # columns


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    for link in LINK.findall((PROJECT / name).read_text()):
        target, _, anchor = link.partition("#")
        page = (PROJECT / name).parent / target if target else PROJECT / name
        assert page.exists(), link
        assert not anchor or anchor in anchors(page), link
