"""Times as people type them: how long ago, or a moment."""

import re
from datetime import UTC, datetime, timedelta
from math import isnan
from typing import Any

import click

from downloads_app.cli.printing import is_utc_wanted
from downloads_app.models import utc_now

MAX_DAYS = 36_500
_AGO = re.compile(r"(\d{1,6})([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


class _Since(click.ParamType[datetime]):
    """A moment: `24h` ago, or an ISO 8601 time."""

    name = "since"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the moment as an aware datetime. A time without a zone is the reader's, like the times we print."""
        text = str(value)
        try:
            if ago := _AGO.fullmatch(text):
                return utc_now() - timedelta(seconds=int(ago[1]) * _SECONDS[ago[2]])
            moment = datetime.fromisoformat(text)
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None and is_utc_wanted() else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"{text!r} is neither a time as 2026-01-31T12:00 nor how long ago, as 24h or 7d", param, ctx)


class _Days(click.FloatRange):
    """A number of days, 0.5 for instance, after which a moment can still be told; `nan` is in every range otherwise."""

    def __init__(self) -> None:
        super().__init__(0, MAX_DAYS)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number."""
        days: float = super().convert(value, param, ctx)
        if isnan(days):
            self.fail(f"{value!r} is no number of days", param, ctx)
        return days


SINCE = _Since()
DAYS = _Days()
