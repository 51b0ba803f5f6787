"""Counts rows only as far as the answer needs."""

from sqlalchemy import ColumnElement, func, literal, select

from downloads_app.extensions import db


def are_at_least(amount: int, *conditions: ColumnElement[bool]) -> bool:
    """Whether at least `amount` rows match; no more than that are read."""
    found = select(literal(1)).where(*conditions).limit(amount).subquery()
    return (db.session.scalar(select(func.count()).select_from(found)) or 0) >= amount
