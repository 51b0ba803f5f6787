"""The one statement that claims a download: the next one, fair between users, cheap however many wait.

The next user is the one with the fewest running downloads; among equals, the one served longest ago. The next
download is that user's with the highest priority, then the oldest. The cost grows with the users, not
with the waiting downloads: the index `ix_downloads_pending` gives each user's first download.

A download is left alone before its `not_before_at`, while a worker may still be writing into its folder (one
that lost it, or another download of the same repository and revision that was cancelled a moment ago: until
that worker lets go or its lease is over), and while its provider has no connection to spare or is paused. While the
queue is paused, nothing is claimed.
"""

from sqlalchemy import TextClause, text

from downloads_app.models import EventKind
from downloads_app.services.database.clock import POSTGRESQL_NOW, SQLITE_NOW
from downloads_app.services.queue.events import KEPT

LONGEST_PAUSE_SECONDS = 7200
"""Longer than any pause that is ever set. A pause that ends later was set before a clock went back: it is ignored."""
USERS_AT_ONCE = 16
HEADS_PER_USER = 8
"""USERS_AT_ONCE × HEADS_PER_USER workers may claim in the same instant, and each finds a row that is not locked."""

_CLAIMABLE = """d.user_id = {user} AND d.status = 'pending'
    AND (d.not_before_at IS NULL OR d.not_before_at <= {now} OR d.not_before_at > {longest})
    AND (d.user_id, d.repository_id, d.revision) NOT IN (SELECT user_id, repository_id, revision FROM held)
    AND d.provider_id NOT IN (SELECT id FROM closed_providers)
    ORDER BY d.priority DESC, d.created_at, d.id"""
"""In the order of the index, also where any row will do: without ORDER BY PostgreSQL may read the whole table."""

_WITH = """WITH held AS MATERIALIZED (
    SELECT user_id, provider_id, repository_id, revision, status FROM downloads
    WHERE worker_id IS NOT NULL AND lease_expires_at >= {now}
), running AS MATERIALIZED (
    SELECT user_id, count(*) AS amount FROM held WHERE status = 'downloading' GROUP BY user_id
), closed_providers AS MATERIALIZED (
    SELECT id FROM providers WHERE paused_at IS NOT NULL
    UNION SELECT p.id FROM providers p JOIN held ON held.provider_id = p.id AND held.status = 'downloading'
    WHERE p.max_connections IS NOT NULL GROUP BY p.id HAVING count(*) >= p.max_connections
), turns AS MATERIALIZED (
    SELECT u.id AS user_id, coalesce(running.amount, 0) AS load,
        (SELECT max(s.claimed_at) FROM downloads s WHERE s.user_id = u.id) AS last_at
    FROM users u LEFT JOIN running ON running.user_id = u.id
    WHERE NOT u.is_disabled AND NOT EXISTS (SELECT id FROM queue_pauses)
        AND (SELECT d.id FROM downloads d WHERE {any_of_u} LIMIT 1) IS NOT NULL
    ORDER BY 2, 3 NULLS FIRST LIMIT {users_at_once}
)"""

_UPDATE = """UPDATE downloads SET status = 'downloading', attempt = attempt + 1, worker_id = :worker_id,
    claimed_at = {now}, started_at = coalesce(started_at, {now}), updated_at = {now},
    lease_expires_at = {lease}, wait_reason = NULL, not_before_at = NULL"""

# SKIP LOCKED sits below LIMIT: the candidates are tried in their order until one can be locked.
_POSTGRESQL = """{turns}, candidates AS (
    SELECT head.id, turns.load + head.place AS load, turns.last_at
    FROM turns CROSS JOIN LATERAL (
        SELECT d.id, row_number() OVER (ORDER BY d.priority DESC, d.created_at, d.id) - 1 AS place
        FROM downloads d WHERE {any_of_turn} LIMIT {heads_per_user}
    ) head
), claimed AS ({update} WHERE id = (
    SELECT d.id FROM downloads d JOIN candidates c ON c.id = d.id WHERE d.status = 'pending'
    ORDER BY c.load, c.last_at NULLS FIRST, d.priority DESC, d.created_at, d.id
    LIMIT 1 FOR UPDATE OF d SKIP LOCKED
) RETURNING id, attempt, current_bytes, request_id), noted AS (
    INSERT INTO download_events (download_id, at, kind, actor, attempt, current_bytes)
    SELECT id, {now}, '{claimed}', :worker_id, attempt, current_bytes FROM claimed
), trimmed AS (
    DELETE FROM download_events WHERE id IN (
        SELECT oldest.id FROM claimed CROSS JOIN LATERAL (
            SELECT e.id FROM download_events e WHERE e.download_id = claimed.id ORDER BY e.id DESC OFFSET {kept_before}
        ) oldest
    )
) SELECT id, attempt, request_id FROM claimed"""

# SQLite has one writer at a time, so the head of each user is enough. A second statement notes the event.
_SQLITE = """{turns}, candidates AS (
    SELECT turns.load, turns.last_at, (
        SELECT d.id FROM downloads d WHERE {any_of_turn} LIMIT 1
    ) AS id FROM turns
) {update} WHERE id = (
    SELECT d.id FROM candidates c JOIN downloads d ON d.id = c.id
    ORDER BY c.load, c.last_at NULLS FIRST, d.priority DESC, d.created_at, d.id LIMIT 1
) RETURNING id, attempt, request_id"""
_SQLITE_NOTES = (
    """DELETE FROM download_events WHERE download_id = :id AND id <= (
        SELECT e.id FROM download_events e WHERE e.download_id = :id ORDER BY e.id DESC LIMIT 1 OFFSET {kept_before}
    )""",
    """INSERT INTO download_events (download_id, at, kind, actor, attempt, current_bytes)
    SELECT id, {now}, '{claimed}', :worker_id, attempt, current_bytes FROM downloads WHERE id = :id""",
)


def _fill_in(template: str, now: str, lease: str, longest: str) -> TextClause:
    """Return a statement. Only words and numbers of this code are written into it; every value is bound."""
    any_of_u, any_of_turn = (
        _CLAIMABLE.format(now=now, longest=longest, user=user) for user in ("u.id", "turns.user_id")
    )
    words = {
        "turns": _WITH.format(now=now, any_of_u=any_of_u, users_at_once=USERS_AT_ONCE),
        "update": _UPDATE.format(now=now, lease=lease),
        "claimed": EventKind.CLAIMED,
        "kept_before": KEPT - 1,
        "heads_per_user": HEADS_PER_USER,
    }
    return text(template.format(now=now, any_of_turn=any_of_turn, **words))


_POSTGRESQL_WORDS = (
    POSTGRESQL_NOW,
    f"{POSTGRESQL_NOW} + make_interval(secs => :lease_seconds)",
    f"{POSTGRESQL_NOW} + make_interval(secs => {LONGEST_PAUSE_SECONDS})",
)
_SQLITE_TIME = SQLITE_NOW.replace(":", "\\:")  # no parameter begins there
_SQLITE_WORDS = (
    _SQLITE_TIME,
    _SQLITE_TIME.replace("'now'", "'now', :lease_seconds || ' seconds'"),
    _SQLITE_TIME.replace("'now'", f"'now', '{LONGEST_PAUSE_SECONDS} seconds'"),
)
_STATEMENTS = {"postgresql": _fill_in(_POSTGRESQL, *_POSTGRESQL_WORDS), "sqlite": _fill_in(_SQLITE, *_SQLITE_WORDS)}
SQLITE_NOTES = tuple(_fill_in(template, *_SQLITE_WORDS) for template in _SQLITE_NOTES)
"""What SQLite needs beside the claim to note it; written out, for building them takes longer than they do."""


def claim_statement(dialect: str) -> TextClause:
    """Return the statement for a database; its parameters are `worker_id` and `lease_seconds`.

    PostgreSQL's notes the claim in the download's story too."""
    return _STATEMENTS[dialect]
