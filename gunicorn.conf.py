"""How gunicorn serves the application: `gunicorn wsgi:app`. Flags and GUNICORN_CMD_ARGS override."""

import os
import resource
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from downloads_app.web.gunicorn.early_end import end_at_once, end_while_loading, hold_signals

if __name__ == "__config__":  # the name that gunicorn gives to this file
    end_at_once()

from downloads_app.config import load_settings, read_binds
from downloads_app.folder_checks import refuse_unfit_folders
from downloads_app.logs import configure, dict_config
from downloads_app.modes import prepare_instance
from downloads_app.web.gunicorn.master import begin_handover, forget_worker, prepare_master, share_memory, tell_address
from downloads_app.web.gunicorn.temporary import METRICS_VARIABLE, borrow_instance, is_only_checked

settings = load_settings()  # a setting that cannot be read stops the start here, in one line

wsgi_app = "wsgi:app"
bind = read_binds()  # nginx, a browser on the machine, Prometheus
workers = int(os.environ.get("WEB_CONCURRENCY", 2))  # one a core is enough: a process holds thousands of streams
umask = 0o007  # of a unix socket: for its owner and the group of the web server
worker_class = "gevent"  # a waiting stream costs a greenlet, not a thread
worker_connections = settings.worker_connections  # the streams, and room for everything else
timeout = 60  # seconds after which a worker whose loop is stuck is replaced
graceful_timeout = int(settings.stream_drain_seconds) + 10  # streams leave by themselves within the drain time
keepalive = 5  # seconds; longer than the pause between two clicks, short enough to free idle places
limit_request_line = 4094  # bytes; the longest useful one has a cursor and some ids
limit_request_fields = 100
limit_request_field_size = 8190  # bytes of a header
backlog = 4096  # a storm of reconnecting clients waits in the kernel
control_socket_disable = True  # no second way in
secure_scheme_headers = {}  # TRUSTED_PROXIES decides whose forwarded headers count (web/proxies.py)
forwarder_headers = ""

# Used if an access log is asked for. It omits the query string, because a client may have put a token there.
access_log_format = '%(h)s %(t)s "%(m)s %(U)s %(H)s" %(s)s %(B)s "%(a)s" %({x-request-id}o)s'

if settings.log_format == "json":
    logconfig_dict = dict_config("json")

if is_only_checked():
    refuse_unfit_folders(settings)
    borrow_instance(settings.instance_dir)

_soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (_hard, _hard))  # one descriptor a stream


on_starting = prepare_master
on_reload = begin_handover


def pre_fork(server, worker):
    """Let a signal wait until the new process can heed it."""
    hold_signals()


def post_fork(server, worker):
    """Let a signal end the new process at once while it loads the application."""
    end_while_loading(worker)
    share_memory(server, worker)


def post_worker_init(worker):
    """Make psycopg2 cooperative, start the pacer and watch for the drain; only for gevent's worker class."""
    from gunicorn.workers.ggevent import GeventWorker

    from downloads_app.web.gunicorn.drain import drain_in_a_thread
    from downloads_app.web.gunicorn.lingering import close_beside_the_loop
    from downloads_app.web.serving import prepare_to_serve
    from downloads_app.web.stream.generator import STREAMS

    configure(settings.log_format)
    if isinstance(worker, GeventWorker):
        prepare_to_serve(worker.wsgi, worker)
    else:
        admission = STREAMS.of(worker.wsgi).admission
        admission.leave_threads(worker.cfg.threads)
        close_beside_the_loop(worker)
        drain_in_a_thread(worker, admission.drain, settings.stream_drain_seconds)
        worker.handover.mark_ready(worker.age)


def when_ready(server):
    """Make the instance folder. Start the download worker beside the web server, if the settings say so.

    Tell who typed `downloads-app run` where to go.
    """
    prepare_instance(settings)
    if settings.embedded_worker:
        from downloads_app.worker.embedded import EmbeddedWorker

        server.embedded_worker = EmbeddedWorker()
        server.embedded_worker.start()
    tell_address(server)


def child_exit(server, worker):
    """Remove a process that has ended from the shared counts and from the metrics."""
    from prometheus_client import multiprocess

    forget_worker(server, worker)
    multiprocess.mark_process_dead(worker.pid, os.environ[METRICS_VARIABLE])


def on_exit(server):
    """Stop the worker with the server. Then nobody writes any more: leave SQLite's file whole."""
    from downloads_app.services.database.whole_file import make_whole

    if hasattr(server, "embedded_worker"):
        server.embedded_worker.stop()
    make_whole(settings.database_url)
