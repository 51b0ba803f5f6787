"""What `lint-imports` cannot say of the parts: it sees modules, not names within them."""

import ast
from pathlib import Path

import pytest

from tests.support.server import PROJECT

PACKAGE = PROJECT / "downloads_app"
DOORS = [
    path
    for door in ("web", "cli", "worker")
    for path in sorted((PACKAGE / door).rglob("*.py"))
    if path != PACKAGE / "web/gunicorn/worker.py"  # it makes psycopg2's connections cooperative
]
OF_A_TRANSACTION = {"commit", "rollback", "begin_nested", "scalars", "scalar"}
SERVICES = sorted((PROJECT / "downloads_app" / "services").rglob("*.py"))
OF_A_REQUEST = {"request", "session", "g"}


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_services_know_no_request(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "flask":
            assert not OF_A_REQUEST & {alias.name for alias in node.names}


@pytest.mark.parametrize("path", DOORS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_no_sql_and_no_end_of_a_transaction_stands_in_a_door(path: Path) -> None:
    """Doors may know SQLAlchemy's errors, nothing else of it: reads and writes are functions of `services`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            assert not [alias.name for alias in node.names if alias.name.startswith("sqlalchemy")]
        elif isinstance(node, ast.ImportFrom):
            names = {alias.name for alias in node.names}
            assert not (node.module or "").startswith("sqlalchemy") or node.module == "sqlalchemy.exc"
            assert node.module != "downloads_app.extensions" or "db" not in names
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert node.func.attr not in OF_A_TRANSACTION, f"line {node.lineno}"


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PROJECT)))
def test_what_an_application_has_one_of_has_a_typed_name(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and node.attr == "extensions":
            assert "app" not in ast.unparse(node.value), f"line {node.lineno}: see per_app.py"
