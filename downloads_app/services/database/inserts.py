"""INSERT that says what happens where a row is there already. Both databases spell it alike, SQLAlchemy not."""

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from downloads_app.extensions import db


def insert_into(model: Any) -> Any:
    """Return an INSERT of the present database, with `on_conflict_do_nothing` and `on_conflict_do_update`."""
    dialect = sqlite if db.engine.dialect.name == "sqlite" else postgresql
    return dialect.insert(model)
