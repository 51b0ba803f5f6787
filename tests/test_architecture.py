"""What `lint-imports` cannot say of the parts: it sees modules, not names within them."""

import ast
from pathlib import Path

import pytest

from tests.support.server import PROJECT

PACKAGE = PROJECT / "downloads_app"
ENTRY_POINTS = [
    path
    for part in ("web", "cli", "worker")
    for path in sorted((PACKAGE / part).rglob("*.py"))
    if path != PACKAGE / "web/gunicorn/worker.py"  # it makes psycopg2's connections cooperative
]
ERRORS_OF_SQLALCHEMY = ("sqlalchemy.exc", "sqlalchemy.orm.exc")
OF_A_TRANSACTION = {"commit", "rollback", "begin_nested", "scalars", "scalar"}
SERVICES = sorted((PROJECT / "downloads_app" / "services").rglob("*.py"))
MAX_FILE_LINES, MAX_FUNCTION_LINES = 250, 40
OF_AN_APPLICATION = {"current_app", "current_settings", "SETTINGS", "load_settings"}


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_services_know_no_request_and_take_settings_as_arguments(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import | ast.ImportFrom):
            module, names = getattr(node, "module", None) or "", {alias.name for alias in node.names}
            assert not [name for name in (module, *names) if name.split(".")[0].startswith("flask")]
            assert not OF_AN_APPLICATION & names, f"line {node.lineno}: the entry points hand settings in"
        elif isinstance(node, ast.Attribute):
            assert node.attr not in OF_AN_APPLICATION, f"line {node.lineno}: the entry points hand settings in"


@pytest.mark.parametrize("path", ENTRY_POINTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_no_sql_and_no_end_of_a_transaction_stands_in_an_entry_point(path: Path) -> None:
    """Entry points may know SQLAlchemy's errors, nothing else of it: reads and writes are functions of `services`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            assert not [alias.name for alias in node.names if alias.name.startswith("sqlalchemy")]
        elif isinstance(node, ast.ImportFrom):
            names = {alias.name for alias in node.names}
            assert not (node.module or "").startswith("sqlalchemy") or node.module in ERRORS_OF_SQLALCHEMY
            assert node.module != "downloads_app.extensions" or "db" not in names
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert node.func.attr not in OF_A_TRANSACTION, f"line {node.lineno}"


@pytest.mark.parametrize("folder", ["downloads_app", "tests", "benchmarks", "deploy"])
def test_files_and_functions_are_short(folder: str) -> None:
    """The migrations are left out: the first makes all tables, and what has run is not changed any more."""
    too_long = []
    for path in sorted((PROJECT / folder).rglob("*.py")):
        text, name = path.read_text(), path.relative_to(PROJECT)
        if text.count("\n") > MAX_FILE_LINES:
            too_long.append(str(name))
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MAX_FUNCTION_LINES:
                    too_long.append(f"{name}: {node.name}")
    assert too_long == []


def test_tests_mirror_the_parts_that_they_test() -> None:
    """A test that has the name of a module lies where that module does."""
    misplaced = []
    for part in ("web", "services", "sources", "worker", "cli"):
        for test in (PROJECT / "tests" / part).rglob("test_*.py"):
            places = {path.parent for path in (PACKAGE / part).rglob(test.name.removeprefix("test_"))}
            if places and PACKAGE / test.parent.relative_to(PROJECT / "tests") not in places:
                misplaced.append(str(test.relative_to(PROJECT)))
    assert misplaced == []


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PROJECT)))
def test_what_an_application_has_one_of_has_a_typed_name(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and node.attr == "extensions":
            assert "app" not in ast.unparse(node.value), f"line {node.lineno}: see per_app.py"


def test_nothing_of_an_instance_lies_here() -> None:
    """Whoever has the project would know the keys."""
    assert [path for name in ("jwt-secret*", "provider-key*", "*.sqlite3*") for path in PROJECT.glob(name)] == []
