"""A process that changes active downloads as workers do: so many rows a second, evenly. Run by database.py.

python -m benchmarks.streams.writer DATABASE_URL CHANGES_PER_SECOND      (ends with its standard input)
"""

import random
import select
import sys
import time

import psycopg2

ROWS_AT_ONCE = 25
CHANGE = """UPDATE downloads SET current_bytes = LEAST(current_bytes + 1048576, total_bytes), updated_at = now(),
            download_speed = 1048576 + (random() * 1048576)::int, eta_seconds = (random() * 10000)::int
            WHERE id = ANY(%s::uuid[])"""


def main() -> None:
    """Write until standard input ends. The same seed changes the same rows in every run."""
    url, changes_per_second = sys.argv[1], float(sys.argv[2])
    connection = psycopg2.connect(url)
    connection.autocommit = True
    chance = random.Random(1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM downloads ORDER BY id")
        ids = [row[0] for row in cursor.fetchall()]
        pause = ROWS_AT_ONCE / changes_per_second
        due = time.monotonic()
        while not select.select([sys.stdin], [], [], max(0.0, due - time.monotonic()))[0]:
            cursor.execute(CHANGE, (chance.sample(ids, ROWS_AT_ONCE),))
            due += pause


if __name__ == "__main__":
    main()
