"""What gunicorn's master does besides starting processes: called by gunicorn.conf.py.

Imports nothing that gevent patches in the workers.
"""

import os
import signal
import sys
from functools import partial
from ipaddress import ip_address
from typing import Any

from downloads_app.config import ConfigError, load_settings
from downloads_app.folder_checks import refuse_unfit_folders
from downloads_app.web.gunicorn.balance import Balance
from downloads_app.web.gunicorn.early_end import release_signals
from downloads_app.web.gunicorn.handover import Handover
from downloads_app.web.gunicorn.launch import RUN_VARIABLE, TERMINAL_VARIABLE, has_terminal
from downloads_app.web.gunicorn.loaded_code import LoadedCode
from downloads_app.web.gunicorn.temporary import make_metrics_folder


def prepare_master(server: Any) -> None:
    """Create the memory that all workers share. The server object holds it, so a reload does not replace it."""
    if server.cfg.preload_app:
        sys.exit("error: --preload is not possible: what streams wait on must be made under gevent, in the workers")
    if server.cfg.worker_class_str == "sync":
        sys.exit(
            "error: --worker-class sync is not possible: a stream would hold a whole process; use gevent or gthread"
        )
    refuse_unfit_folders(load_settings())
    server.init_signals()  # from now on a signal ends the master in order, which removes the folder
    os.register_at_fork(after_in_parent=release_signals)
    make_metrics_folder()
    server.handover = Handover()
    server.balance = Balance()
    server.reload = partial(_reload_if_sound, server, server.reload, LoadedCode())


def _reload_if_sound(server: Any, reload: Any, loaded: LoadedCode) -> None:
    """Reload on HUP. If the settings cannot be read, or the code has changed, log that and change nothing.

    gunicorn would end all streams, or start workers whose code is mixed. The worker reads its limit again. A HUP that
    says that the terminal was closed ends the server.
    """
    if os.environ.get(TERMINAL_VARIABLE) and not has_terminal():
        server.log.warning("the terminal was closed; stopping")
        os.kill(os.getpid(), signal.SIGTERM)
        return
    changed = loaded.find_changed()
    if changed is not None:
        server.log.error("not reloaded: %s has changed; a restart loads new code", changed)
        return
    try:
        load_settings()
    except ConfigError as exc:
        server.log.error("not reloaded: %s", exc)
    else:
        reload()
        if hasattr(server, "embedded_worker"):
            server.embedded_worker.read_limit_again()


def tell_address(server: Any) -> None:
    """Print the address to open in a browser, if `downloads-app run` was typed: the first one that is no wildcard."""
    if not os.environ.get(RUN_VARIABLE):
        return
    addresses = [listener.sock.getsockname() for listener in server.LISTENERS]
    for host, port, *_ in (address for address in addresses if isinstance(address, tuple)):
        if not ip_address(host).is_unspecified:
            scheme = "https" if server.cfg.is_ssl else "http"
            print(f"Open {scheme}://{f'[{host}]' if ':' in host else host}:{port}", flush=True)
            return


def begin_handover(server: Any) -> None:
    """On a reload, before the new workers are forked: let the old workers serve until the new ones do."""
    server.handover.begin(newest_old=server.worker_age, wanted=server.cfg.workers)


def share_memory(server: Any, worker: Any) -> None:
    """Give a new worker the memory for the handover and for balancing the connections over the processes."""
    worker.handover = server.handover
    worker.balance = server.balance


def forget_worker(server: Any, worker: Any) -> None:
    """Stop comparing connections with those of a worker that has ended."""
    server.balance.leave(worker.age)
