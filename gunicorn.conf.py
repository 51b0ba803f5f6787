"""How gunicorn serves the application: `gunicorn wsgi:app`. Flags and GUNICORN_CMD_ARGS override."""

import os
import resource
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from downloads_app.config import load_settings
from downloads_app.logs import configure, dict_config
from downloads_app.web.gunicorn.master import begin_handover, forget_worker, prepare_master, share_memory

settings = load_settings()  # a setting that cannot be read stops the start here, in one line

wsgi_app = "wsgi:app"
bind = os.environ.get("GUNICORN_BIND", "127.0.0.1:8000")  # nginx, or a browser on the same machine
workers = int(os.environ.get("WEB_CONCURRENCY", 2))  # one a core is enough: a process holds thousands of streams
umask = 0o007  # of a unix socket: for its owner and the group of the web server
worker_class = "gevent"  # a waiting stream costs a greenlet, not a thread
worker_connections = settings.worker_connections  # the streams, and room for everything else
timeout = 60  # seconds after which a worker whose loop is stuck is replaced
graceful_timeout = int(settings.stream_drain_seconds) + 10  # streams leave by themselves within the drain time
keepalive = 5  # seconds; longer than the pause between two clicks, short enough to free idle places
backlog = 4096  # a storm of reconnecting clients waits in the kernel
control_socket_disable = True  # no second way in
secure_scheme_headers = {}  # TRUSTED_PROXIES decides whose forwarded headers count (web/proxies.py)
forwarder_headers = ""

# Used if an access log is asked for. It omits the query string, because a client may have put a token there.
access_log_format = '%(h)s %(t)s "%(m)s %(U)s %(H)s" %(s)s %(B)s "%(a)s"'

if settings.log_format == "json":
    logconfig_dict = dict_config("json")

# The processes write their metrics into files of this folder. It must be set before prometheus_client is loaded.
_OUR_METRICS = "downloads-metrics-"
if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix=_OUR_METRICS)
_metrics_dir = os.environ["PROMETHEUS_MULTIPROC_DIR"]

_soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (_hard, _hard))  # one descriptor a stream


on_starting = prepare_master
on_reload = begin_handover
post_fork = share_memory


def post_worker_init(worker):
    """Make psycopg2 cooperative, start the pacer and watch for the drain; only for gevent's worker class."""
    from gunicorn.workers.ggevent import GeventWorker

    from downloads_app.web.gunicorn.worker import prepare_worker

    configure(settings.log_format)
    if isinstance(worker, GeventWorker):
        prepare_worker(worker.wsgi, worker)
    else:
        worker.handover.mark_ready(worker.age)


def when_ready(server):
    """Start the download worker beside the web server, if the settings say so."""
    if settings.embedded_worker:
        from downloads_app.worker.embedded import EmbeddedWorker

        server.embedded_worker = EmbeddedWorker()
        server.embedded_worker.start()


def child_exit(server, worker):
    """Remove a process that has ended from the shared counts and from the metrics."""
    from prometheus_client import multiprocess

    forget_worker(server, worker)
    multiprocess.mark_process_dead(worker.pid, _metrics_dir)


def on_exit(server):
    """Stop the worker with the server."""
    if hasattr(server, "embedded_worker"):
        server.embedded_worker.stop()
    if Path(_metrics_dir).name.startswith(_OUR_METRICS):
        shutil.rmtree(_metrics_dir, ignore_errors=True)
