"""What the service does without: the hub's own library, which the tests and benchmarks compare it with."""

import subprocess
import sys

import pytest

from tests.support.server import PROJECT


@pytest.mark.parametrize(
    "start",
    [
        "import wsgi; wsgi.app",
        "import wsgi, downloads_app.worker.runner",
        "from downloads_app.sources import registry; [registry.load(kind) for kind in registry.KINDS]",
    ],
)
def test_nothing_of_the_service_loads_the_hubs_library(start: str, sqlite_url: str, tmp_path: object) -> None:
    program = f"{start}; import sys; sys.exit('huggingface_hub' in sys.modules)"
    env = {"DATABASE_URL": sqlite_url, "INSTANCE_DIR": str(tmp_path), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
