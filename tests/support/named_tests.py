"""Tests that documents name: `web/test_largest_values.py::test_a_body_has_so_many_bytes`, below `tests/`."""

import ast
import re
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]
_NODE = re.compile(r"`([\w/]+\.py::test_\w+)`")


def find_named(text: str) -> list[str]:
    """Return the tests that a text names."""
    return _NODE.findall(text)


def exists(node: str) -> bool:
    """Whether there is a test of that name in that file."""
    file, _, name = node.partition("::")
    return name in _functions(TESTS / file)


@cache
def _functions(file: Path) -> frozenset[str]:
    if not file.is_file():
        return frozenset()
    tree = ast.parse(file.read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
