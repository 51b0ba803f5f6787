"""What `lint-imports` cannot say of the parts: it sees modules, not names within them."""

import ast
from pathlib import Path

import pytest

from tests.support.server import PROJECT

SERVICES = sorted((PROJECT / "downloads_app" / "services").rglob("*.py"))
OF_A_REQUEST = {"request", "session", "g"}


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_services_know_no_request(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "flask":
            assert not OF_A_REQUEST & {alias.name for alias in node.names}
