"""What requests leave behind in cycles goes soon, whatever was under way when the young objects were collected."""

import subprocess
import sys

SCRIPT = """
import gc
from downloads_app.web.gunicorn.worker import _spare_the_collector

def serve():
    nodes = [[] for _ in range(1_000)]
    for node in nodes:
        node.append(node)
    return nodes

_spare_the_collector()
most = 0
for _ in range(300):
    under_way = serve()
    young = [[] for _ in range(gc.get_threshold()[0] + 1)]  # they are collected meanwhile
    most = max(most, len(gc.get_objects(1)) - len(young))
print(most)
"""


def test_what_a_request_has_left_goes_soon() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) < 100_000  # objects of 100 requests; 300 were served
