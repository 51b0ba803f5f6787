"""How many places for streams a server has given away, by its own metrics."""

import requests

from tests.support.server import Server, wait_until

METRICS_TOKEN = "metrics-token-of-this-test"


def metric(server: Server, name: str) -> int:
    headers = {"Authorization": f"Bearer {METRICS_TOKEN}"}
    lines = requests.get(f"{server.url}/metrics", headers=headers, timeout=30).text.splitlines()
    return sum(int(float(line.rsplit(" ", 1)[1])) for line in lines if line.startswith(name))


def wait_until_none_is_open(server: Server) -> None:
    wait_until(lambda: metric(server, "downloads_streams_open ") == 0, 60, "all streams to be over")
