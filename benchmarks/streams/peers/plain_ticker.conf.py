"""The product's gunicorn.conf.py without its pacer: each stream's generator wakes for each of its events."""

import importlib.util
from pathlib import Path

_path = Path(__file__).parents[3] / "gunicorn.conf.py"
_spec = importlib.util.spec_from_file_location("product_gunicorn_conf", _path)
_product = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_product)
globals().update({name: value for name, value in vars(_product).items() if not name.startswith("_")})


def post_worker_init(worker):
    """Prepare the process as the product does, then take its pacer away."""
    _product.post_worker_init(worker)
    from gevent.event import Event

    from downloads_app.web.stream.generator import STREAMS
    from downloads_app.web.stream.ticker import SleepingTicker

    class GreenletTicker(SleepingTicker):
        """The plain ticker as the pacer itself uses it: with gevent's events."""

        def new_event(self):
            return Event()

    STREAMS.of(worker.wsgi).ticker = GreenletTicker()
