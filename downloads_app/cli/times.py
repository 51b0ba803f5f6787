"""Times as people type them: how long ago, or a moment."""

import re
from datetime import UTC, datetime, timedelta

import click

from downloads_app.models import utc_now

_AGO = re.compile(r"(\d{1,6})([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


class _Since(click.ParamType[datetime]):
    """A moment: `24h` ago, or an ISO 8601 time."""

    name = "since"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the moment as an aware datetime. A time without a zone is UTC."""
        text = str(value)
        if ago := _AGO.fullmatch(text):
            return utc_now() - timedelta(seconds=int(ago[1]) * _SECONDS[ago[2]])
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"{text!r} is neither a time as 2026-01-31T12:00 nor how long ago, as 24h or 7d", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


SINCE = _Since()
