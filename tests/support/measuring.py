"""What `make coverage` measures in the processes that tests start."""

import os

from tests.support.server import PROJECT


def measure_greenlets_of_servers() -> None:
    """Let what a test process starts be measured as pyproject.toml says: greenlets too.

    The test processes themselves are measured by threads alone. The measurement of greenlets can run for ever in a
    thread that ends: it asks for the thread's greenlet, which is made anew, and its end is measured again.
    """
    if "PYTEST_XDIST_WORKER" in os.environ and os.environ.pop("COVERAGE_PROCESS_CONFIG", ""):
        os.environ["COVERAGE_PROCESS_START"] = str(PROJECT / "pyproject.toml")
        os.environ["COVERAGE_FILE"] = str(PROJECT / ".coverage")
