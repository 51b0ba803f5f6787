"""A download's speed over its whole time: a bounded list of points, kept in a row of its own."""

import json
from dataclasses import dataclass, field

from sqlalchemy import exists, insert, literal, select, update

from downloads_app.models import Download, DownloadSpeeds
from downloads_app.services.database.autocommit import execute_alone, transaction_alone
from downloads_app.services.queue.claims import Claim
from downloads_app.services.queue.outcomes import fence

KEPT = 120
"""Points of a download. When there are more, each two become one: a day has as many as a minute."""


@dataclass(slots=True)
class SpeedHistory:
    """Points of a download: Unix seconds and bytes per second, oldest first."""

    spacing_seconds: float = 1.0
    """Points are at least so far apart."""
    points: list[tuple[float, int]] = field(default_factory=list)

    def note(self, at: float, bytes_per_second: int) -> None:
        """Take a point, unless the last one is too near."""
        if self.points and at - self.points[-1][0] < self.spacing_seconds:
            return
        self.points.append((round(at, 1), bytes_per_second))
        if len(self.points) > KEPT:
            self._halve()

    def _halve(self) -> None:
        spacing = 2 * self.spacing_seconds
        thinned: list[tuple[float, int]] = []
        for at, speed in self.points:
            last = thinned[-1] if thinned else None
            if last is not None and at - last[0] < spacing:
                thinned[-1] = (last[0], (last[1] + speed) // 2)
            else:
                thinned.append((at, speed))
        if len(thinned) < len(self.points):
            self.spacing_seconds, self.points = spacing, thinned
        else:  # many short runs, all far apart: the oldest goes
            del self.points[0]


def read(download_id: str) -> SpeedHistory:
    """Return what is known of a download's speed; an empty history where nothing is."""
    row = execute_alone(select(DownloadSpeeds.history).where(DownloadSpeeds.download_id == download_id)).scalar()
    return _load(row) if row else SpeedHistory()


def write(claim: Claim, history: SpeedHistory) -> None:
    """Store the history, if the claim still holds."""
    text = json.dumps([history.spacing_seconds, history.points], separators=(",", ":"))
    held = exists().where(fence(claim))
    row = DownloadSpeeds.download_id == claim.download_id
    with transaction_alone() as connection:
        if connection.execute(update(DownloadSpeeds).where(row, held).values(history=text)).rowcount == 0:
            new = select(Download.id, literal(text)).where(fence(claim), ~exists().where(row))
            connection.execute(insert(DownloadSpeeds).from_select(["download_id", "history"], new))


def _load(text: str) -> SpeedHistory:
    spacing, points = json.loads(text)
    return SpeedHistory(float(spacing), [(float(at), int(speed)) for at, speed in points])
