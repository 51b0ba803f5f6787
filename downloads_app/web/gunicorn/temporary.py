"""Folders that gunicorn's master makes for as long as it lives. Imports nothing of ours."""

import argparse
import atexit
import os
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def make_metrics_folder() -> None:
    """Make the folder in which the processes write their metrics, unless the environment names one.

    The master calls this before it forks, since prometheus_client reads the variable when it is loaded.
    """
    if METRICS_VARIABLE not in os.environ:
        os.environ[METRICS_VARIABLE] = _make_folder("downloads-metrics-")


def is_only_checked() -> bool:
    """Whether gunicorn was started to check or print its configuration: then it loads the application and ends."""
    parser = argparse.ArgumentParser(add_help=False)  # as gunicorn's own, which takes shortened names too
    for option in ("--check-config", "--print-config"):
        parser.add_argument(option, action="store_true")
    arguments = [*shlex.split(os.environ.get("GUNICORN_CMD_ARGS", "")), *sys.argv[1:]]
    chosen, _ = parser.parse_known_args(arguments)
    return bool(chosen.check_config or chosen.print_config)


def borrow_instance(folder: Path) -> None:
    """Let a mere check use an instance folder that ends with this process, if the real one is not there yet."""
    if not folder.exists():
        os.environ["INSTANCE_DIR"] = _make_folder("downloads-check-")


def _make_folder(prefix: str) -> str:
    folder, process_id = tempfile.mkdtemp(prefix=prefix), os.getpid()

    def remove() -> None:
        if os.getpid() == process_id:  # not in a process that was forked from this one
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return folder
