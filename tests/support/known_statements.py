"""Statements that are compiled once for all databases of a test process: a tenth of the time of a whole run."""

from typing import Any

import pytest
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.util import LRUCache

MOST = 5_000


def remember(patch: pytest.MonkeyPatch) -> None:
    """Let SQLAlchemy keep what it compiles for each kind of database, not for each engine (`_compile_w_cache`)."""
    compile_with_cache = ClauseElement._compile_w_cache
    known: dict[Any, tuple[Dialect, LRUCache[Any, Any]]] = {}

    def compile_once(statement: ClauseElement, dialect: Dialect, *, compiled_cache: Any, **options: Any) -> Any:
        if compiled_cache is not None:
            kind = (type(dialect), dialect.server_version_info, dialect.paramstyle)
            dialect, compiled_cache = known.setdefault(kind, (dialect, LRUCache(MOST)))
        return compile_with_cache(statement, dialect, compiled_cache=compiled_cache, **options)

    patch.setattr(ClauseElement, "_compile_w_cache", compile_once)
