"""The arrows between the parts, kept true over the source itself."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "downloads_app"
ALLOWED = {
    "web": {"web", "services", "sources", "foundation"},
    "cli": {"cli", "services", "worker", "foundation"},
    "worker": {"worker", "services", "sources", "foundation"},
    "services": {"services", "sources", "foundation"},
    "sources": {"sources", "foundation"},
    "foundation": {"foundation"},
}
LEAVES = (
    "locations.py",
    "config.py",
    "extensions.py",
    "errors.py",
    "logs.py",
    "services/progress.py",
    "web/stream/sse.py",
)


def part_of(module: str) -> str:
    """Return the part a module of ours belongs to."""
    names = module.split(".")
    return names[1] if len(names) > 1 and names[1] in ALLOWED else "foundation"


def imports_of(path: Path) -> set[str]:
    """Return the modules of ours that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.startswith("downloads_app.")}


WIRING = {PACKAGE / "__init__.py", PACKAGE / "__main__.py"}
FILES = sorted(path for path in PACKAGE.rglob("*.py") if path not in WIRING)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_imports_only_what_its_part_may(path: Path) -> None:
    own = path.relative_to(PACKAGE).parts[0]
    part = own if own in ALLOWED else "foundation"
    for module in imports_of(path):
        assert part_of(module) in ALLOWED[part], f"{part} may not import {module}"


@pytest.mark.parametrize("name", LEAVES)
def test_leaves_import_nothing_of_ours(name: str) -> None:
    assert imports_of(PACKAGE / name) <= {"downloads_app.errors", "downloads_app.locations"}


def test_services_know_no_request() -> None:
    for path in (PACKAGE / "services").glob("*.py"):
        text = path.read_text()
        assert "flask import request" not in text
        assert "import request" not in text, path
