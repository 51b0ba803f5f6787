"""One statement as a transaction of its own: a process stopped at any moment then holds no lock."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import CursorResult, Executable

from downloads_app.extensions import db


def execute_alone(statement: Executable, parameters: Mapping[str, Any] | None = None) -> CursorResult[Any]:
    """Execute one statement outside of the session; its rows are fetched before the connection goes back."""
    engine = db.engine.execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        result: CursorResult[Any] = connection.execute(statement, parameters or {})
        return result.freeze()() if result.returns_rows else result  # type: ignore[return-value]
