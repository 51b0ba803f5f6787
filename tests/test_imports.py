"""What starting costs: heavy libraries are loaded where they are used, not by everyone."""

import subprocess
import sys

import pytest

from tests.support.server import PROJECT


@pytest.mark.parametrize("start", ["import wsgi; wsgi.app", "import wsgi, downloads_app.worker.runner"])
def test_nobody_loads_the_hubs_library_who_asks_no_hub(start: str, sqlite_url: str, tmp_path: object) -> None:
    program = f"{start}; import sys; sys.exit('huggingface_hub' in sys.modules)"
    env = {"DATABASE_URL": sqlite_url, "INSTANCE_DIR": str(tmp_path), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_hubs_library_may_be_loaded_ahead_of_the_threads_that_use_it() -> None:
    program = (
        "from downloads_app.sources import registry; registry.load('http'); import sys;"
        "before = 'huggingface_hub' in sys.modules; registry.load('huggingface');"
        "sys.exit((before, 'huggingface_hub' in sys.modules) != (False, True))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
