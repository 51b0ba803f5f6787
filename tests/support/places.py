"""How many places for streams a server with few of them has given away, by its own metrics."""

import requests

from tests.support.crowd import Crowd
from tests.support.server import Server, wait_until

METRICS_TOKEN = "metrics-token-of-this-test"
INTERVAL = 0.4
PER_USER = 3
SEND_TIMEOUT = 2


def metric(server: Server, name: str) -> int:
    headers = {"Authorization": f"Bearer {METRICS_TOKEN}"}
    lines = requests.get(f"{server.url}/metrics", headers=headers, timeout=30).text.splitlines()
    return sum(int(float(line.rsplit(" ", 1)[1])) for line in lines if line.startswith(name))


def wait_until_none_is_open(server: Server) -> None:
    wait_until(lambda: metric(server, "downloads_streams_open ") == 0, 60, "all streams to be over")


def check_all_places_are_free(server: Server, raw: str) -> None:
    """Assert that the user can soon open as many streams as ever, and no more.

    Soon: a client may have gone before the server has even read what it asked.
    """

    def opens_all() -> bool:
        wait_until_none_is_open(server)
        with Crowd(("127.0.0.1", server.port)) as crowd:
            held = crowd.open([raw] * PER_USER)
            crowd.run(lambda: all(client.status for client in held), what="all answers")
            if any(client.status != 200 for client in held):
                return False
            (refused,) = crowd.open([raw])
            crowd.run(lambda: refused.status, what="the refusal")
            assert refused.status == 429
            return True

    wait_until(opens_all, 60, "all places to be free")
    wait_until_none_is_open(server)
